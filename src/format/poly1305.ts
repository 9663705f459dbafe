/**
 * Poly1305 by the libsodium that comes with sodium-native, taken from its addon directly: the
 * package's own way to it loads twenty modules and takes 20 ms of a core, this one 2.
 */
import { createRequire } from 'node:module';
import { assertInternal } from '../base/errors/keepsake-error.ts';

/** The addon's functions, as sodium-native's index.js calls them; it checks only lengths besides. */
interface Addon {
  crypto_onetimeauth(out: Uint8Array, message: Uint8Array, key: Uint8Array): number | undefined;
  crypto_onetimeauth_verify(tag: Uint8Array, message: Uint8Array, key: Uint8Array): boolean;
}

const TAG_BYTES = 16;
const KEY_BYTES = 32;

const addon = load();

function load(): Addon {
  const require = createRequire(import.meta.url);
  const folder = `${process.platform}-${process.arch}`;
  try {
    return require(`sodium-native/prebuilds/${folder}/sodium-native.node`) as Addon;
  } catch {
    return require('sodium-native') as Addon; // elsewhere, or says best what is missing
  }
}

/** With a 32-byte one-time key `r ‖ s`, into the 16 bytes of `tag`. `r` is clamped inside. */
export function poly1305(tag: Uint8Array, message: Uint8Array, key: Uint8Array): void {
  assertLengths(tag, key);
  const status = addon.crypto_onetimeauth(tag, message, key) ?? 0;
  assertInternal(status === 0, `Poly1305 ended with ${status}`);
}

/** Whether `tag` is that of `message`, compared in constant time. */
export function poly1305Holds(tag: Uint8Array, message: Uint8Array, key: Uint8Array): boolean {
  assertLengths(tag, key);
  return addon.crypto_onetimeauth_verify(tag, message, key);
}

function assertLengths(tag: Uint8Array, key: Uint8Array): void {
  const fits = tag.length === TAG_BYTES && key.length === KEY_BYTES;
  assertInternal(fits, 'Poly1305 was given a tag or key of wrong length');
}
