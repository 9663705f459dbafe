declare module 'sodium-native' {
  /** Poly1305 with a 32-byte one-time key `r ‖ s`, into the 16 bytes of `out`. `r` is clamped inside. */
  export function crypto_onetimeauth(out: Uint8Array, message: Uint8Array, key: Uint8Array): void;
  /** Whether `tag` is that of `message`, compared in constant time. */
  export function crypto_onetimeauth_verify(
    tag: Uint8Array,
    message: Uint8Array,
    key: Uint8Array,
  ): boolean;
}
