/** What JSON can hold, for facts that are kept in a file and read back. */
export type JsonValue =
  null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };
