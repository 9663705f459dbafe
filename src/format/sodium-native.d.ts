declare module 'sodium-native' {
  /** Poly1305 with a 32-byte one-time key `r ‖ s`, into the 16 bytes of `out`. `r` is clamped inside. */
  export function crypto_onetimeauth(out: Uint8Array, message: Uint8Array, key: Uint8Array): void;
}
