/** A whole image, and the next one made of it and of what a capture of changes took. */
import { readFileSync } from 'node:fs';
import type { CapturedChanges } from '../../src/sqlite/capture-changes.ts';
import type { EarlierCapture } from '../../src/sqlite/changed-pages.ts';
import type { DatabaseState } from '../../src/sqlite/database-state.ts';

export interface FollowedImage {
  readonly earlier: EarlierCapture;
  readonly bytes: Buffer;
}

type Pieces = Pick<EarlierCapture, 'pageSize' | 'pageCount' | 'pieceBytes'>;

/** `undefined`: nothing can follow it, because its state cannot be told. */
export function followedImage(
  bytes: Buffer,
  state: DatabaseState | undefined,
  pieces: Pieces,
): FollowedImage | undefined {
  const { pageSize, pageCount, pieceBytes } = pieces;
  return state && { bytes, earlier: { state, pageSize, pageCount, pieceBytes } };
}

export interface Followed {
  readonly next: FollowedImage;
  /** Pieces that differ in bytes or in length, and that the capture took for unchanged. */
  readonly overlooked: readonly number[];
}

export function applyChanges(
  { bytes: then, earlier: { pieceBytes } }: FollowedImage,
  { imagePath, contents, changedPieces, state }: CapturedChanges,
): Followed {
  const image = readFileSync(imagePath);
  const bytes = Buffer.alloc(contents.sizeBytes);
  then.copy(bytes);
  for (const piece of changedPieces) {
    image.copy(bytes, piece * pieceBytes, piece * pieceBytes, (piece + 1) * pieceBytes);
  }
  const overlooked: number[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const [before, after] = [then, bytes].map((all) => all.subarray(at, at + pieceBytes));
    if (after === undefined || before?.equals(after) === true) continue;
    if (!changedPieces.has(at / pieceBytes)) overlooked.push(at / pieceBytes);
  }
  const next = followedImage(bytes, state, { ...contents, pieceBytes });
  if (next === undefined) throw new Error('a capture of changes has no state');
  return { next, overlooked };
}
