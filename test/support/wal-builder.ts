/** Makes write-ahead logs by the letter of https://www.sqlite.org/fileformat2.html §4, slowly. */
const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;

export interface WalPlan {
  readonly pageSize: number;
  readonly bigEndian: boolean;
  /** `commit`: pages of the database after it. */
  readonly frames: readonly { readonly page: number; readonly commit?: number }[];
}

export function frameAt({ pageSize }: WalPlan, index: number): number {
  return HEADER_BYTES + index * (FRAME_HEADER_BYTES + pageSize);
}

export function buildWal(plan: WalPlan): Buffer {
  const wal = Buffer.alloc(frameAt(plan, plan.frames.length));
  const header = [plan.bigEndian ? 0x377f0683 : 0x377f0682, 3_007_000, plan.pageSize, 5, 1001, 77];
  for (const [at, word] of header.entries()) wal.writeUInt32BE(word, at * 4);
  for (const [index, { page, commit = 0 }] of plan.frames.entries()) {
    const at = frameAt(plan, index);
    for (const [word, value] of [page, commit, 1001, 77].entries()) {
      wal.writeUInt32BE(value, at + word * 4);
    }
    for (let byte = 0; byte < plan.pageSize; byte += 1) {
      wal[at + FRAME_HEADER_BYTES + byte] = (byte * 7 + page * 31 + index * 101) & 0xff;
    }
  }
  sealFrom(wal, plan, -1);
  return wal;
}

/** Computes the checksums of the frame at `index` and of all after it; -1 is the header. */
export function sealFrom(wal: Buffer, plan: WalPlan, index: number): void {
  if (index < 0) writeSum(wal, 24, sumOf([0n, 0n], wal.subarray(0, 24), plan.bigEndian));
  for (let next = Math.max(index, 0); next < plan.frames.length; next += 1) {
    const at = frameAt(plan, next);
    const before = next === 0 ? 24 : frameAt(plan, next - 1) + 16;
    const start = [BigInt(wal.readUInt32BE(before)), BigInt(wal.readUInt32BE(before + 4))] as const;
    const page = wal.subarray(at + FRAME_HEADER_BYTES, frameAt(plan, next + 1));
    const checked = Buffer.concat([wal.subarray(at, at + 8), page]);
    writeSum(wal, at + 16, sumOf(start, checked, plan.bigEndian));
  }
}

type Sum = readonly [bigint, bigint];

function sumOf([first, second]: Sum, bytes: Buffer, bigEndian: boolean): Sum {
  const word = (at: number) => BigInt(bigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at));
  let [a, b] = [first, second];
  for (let at = 0; at < bytes.length; at += 8) {
    a = (a + word(at) + b) % 2n ** 32n;
    b = (b + word(at + 4) + a) % 2n ** 32n;
  }
  return [a, b];
}

function writeSum(wal: Buffer, at: number, [first, second]: Sum): void {
  wal.writeUInt32BE(Number(first), at);
  wal.writeUInt32BE(Number(second), at + 4);
}
