import { expect, test } from 'vitest';
import type { Part } from './part.ts';
import type { PartName } from './part-names.ts';
import { parts } from './parts.ts';
import { BEGIN, END, renderReport, replaceBetweenMarkers } from './report.ts';
import type { SavedPart } from './result-file.ts';

test('only what stands between the markers is replaced', () => {
  const document = `# Title\n\nprose\n\n${BEGIN}\nold\n${END}\n\nmore prose\n`;
  const once = replaceBetweenMarkers(document, 'new');
  expect(once).toBe(`# Title\n\nprose\n\n${BEGIN}\n\nnew\n\n${END}\n\nmore prose\n`);
  expect(replaceBetweenMarkers(once, 'new')).toBe(once);
});

test('a document without the markers, or with two of one, is refused', () => {
  for (const document of ['', BEGIN, `${END}${BEGIN}`, `${BEGIN}${END}${BEGIN}${END}`]) {
    expect(() => replaceBetweenMarkers(document, 'new')).toThrow(/must hold/);
  }
});

const saved = (part: PartName, commit: string): SavedPart => ({
  part,
  build: 'b',
  commit,
  facts: ['machine: one'],
  runs: 5,
  complete: part !== 'C',
  sittings: [
    { startedAt: '2026-11-24T08:00:00.000Z', loadAverage: 0.7, busyShare: 0.1, createUs: 44 },
  ],
  entries: {},
});

test('the report names where it was measured, and every goal that was missed', () => {
  const verdicts = [
    { what: 'met thing', value: '0.5', goal: '≤ 1', met: true },
    { what: 'missed thing', value: '1.5', goal: '≤ 1', met: false },
  ];
  const stub = (name: PartName): Part => ({
    ...parts[name],
    render: () => ({ markdown: `### tables of ${name}`, verdicts }),
  });
  const stubs = { ...parts, A: stub('A'), C: stub('C') };
  const text = renderReport([saved('A', 'abc1'), saved('C', 'abc2')], stubs);
  expect(text.match(/machine: one/g)).toHaveLength(1);
  expect(text).toContain('| A | 2026-11-24 08:00 | abc1 | 5 | 0.70 | 10 % | 44 µs |');
  expect(text).toContain('**2 of 4 goals met.** Missed:');
  expect(text).toContain('- missed thing: 1.5, goal ≤ 1');
  expect(text).not.toContain('- met thing');
  expect(text).toMatch(/### tables of A[\s\S]*### tables of C\n\n\(Not finished/);
});
