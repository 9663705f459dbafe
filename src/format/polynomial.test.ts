import { expect, test } from 'vitest';
import { systemRandom } from '../base/clock.ts';
import { degree, generatePolynomial, isIrreducible, mod } from './polynomial.ts';

// From restic/chunker polynomials_test.go @ HEAD.
test.each([
  [0x38f1e565e288dfn, false],
  [0x3da3358b4dc173n, true],
  [0x30a8295b9d5c91n, false],
  [0x255f4350b962cbn, false],
  [0x267f776110a235n, false],
  [0x2f4dae10d41227n, false],
  [0x2482734cacca49n, true],
  [0x312daf4b284899n, false],
  [0x29dfb6553d01d1n, false],
  [0x3548245eb26257n, false],
  [0x3199e7ef4211b3n, false],
  [0x362f39017dae8bn, false],
  [0x200d57aa6fdacbn, false],
  [0x35e0a4efa1d275n, false],
  [0x2ced55b026577fn, false],
  [0x260b012010893dn, false],
  [0x2df29cbcd59e9dn, false],
  [0x3f2ac7488bd429n, false],
  [0x3e5cb1711669fbn, false],
  [0x226d8de57a9959n, false],
  [0x3c8de80aaf5835n, false],
  [0x2026a59efb219bn, false],
  [0x39dfa4d13fb231n, false],
  [0x3143d0464b3299n, false],
])('0x%s is known as irreducible or not', (polynomial, irreducible) => {
  expect(isIrreducible(polynomial)).toBe(irreducible);
});

test('small polynomials are judged as by trial division', () => {
  for (let candidate = 2n; candidate < 512n; candidate += 1n) {
    let hasFactor = false;
    for (let factor = 2n; degree(factor) * 2 <= degree(candidate); factor += 1n) {
      hasFactor ||= mod(candidate, factor) === 0n;
    }
    expect(isIrreducible(candidate)).toBe(!hasFactor);
  }
});

test('a generated polynomial is irreducible, of degree 53, and another each time', () => {
  const made = Array.from({ length: 5 }, () => generatePolynomial(systemRandom));
  expect(new Set(made).size).toBe(5);
  for (const polynomial of made) {
    expect(degree(polynomial)).toBe(53);
    expect(isIrreducible(polynomial)).toBe(true);
  }
});

test('a random source that is stuck is noticed instead of waited for', () => {
  // x^53 + 1 has the factor x + 1.
  expect(() => generatePolynomial((length) => new Uint8Array(length))).toThrow(/polynomial/);
});
