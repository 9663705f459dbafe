import { expect, test } from 'vitest';
import { compileExcludes, parseExcludeFile } from './excludes.ts';

function matches(patterns: string[], path: string): boolean {
  return compileExcludes({ patterns }).matches(path);
}

// Each answer is restic's: a compiled pattern means what restic internal/filter @ a80be14 makes of it.
const single: [pattern: string, path: string, matched: boolean][] = [
  ['*.webp', '/gifts/media/photo.webp', true],
  ['*.png', '/gifts/media/photo.webp', false],
  ['*', '/gifts/media/photo.webp', true],
  ['**', '/gifts/media/photo.webp', true],
  ['gifts*', '/gifts/media/photo.webp', true],
  ['/media*', '/gifts/media/photo.webp', false],
  ['media/*', '/gifts/media/photo.webp', true],
  ['mess/*', '/gifts/media/photo.webp', false],
  ['media/photo.webp', '/gifts/media/photo.webp', true],
  ['me*/*.webp', '/gifts/media/photo.webp', true],
  ['mm*/*.webp', '/gifts/media/photo.webp', false],
  ['photO.*', '/gifts/media/photo.webp', false],
  ['/gifts/media', '/gifts/media', true],
  ['/gifts/media/', '/gifts/media', true],
  ['/gifts/media', '/gifts/mess', false],
  ['/gifts///media', '/gifts/media', true],
  ['/gifts/../media', '/gifts/media', false],
  ['/gifts/../media', '/media', true],
  ['/gifts', '/gifts/mess', true],
  ['/gifts/*', '/gifts', false],
  ['/gifts/*', '/gifts/mess', true],
  ['media', '/gifts/media/mess', true],
  ['/gifts/*photo.*', '/gifts/media/photo.webp', false],
  ['/gifts/*/photo.*', '/gifts/media/photo.webp', true],
  ['/*/*/media/photo.*', '/gifts/media/mess/photo.webp', false],
  ['/*/*/mess/photo.*', '/gifts/media/mess/photo.webp', true],
  ['/gifts/media/photo.*', 'media/mess/photo.webp', false],
  ['mess/photo.*', 'media/mess/photo.webp', true],
  ['map', '/gifts/media/map/photo/map_gifts.webp', true],
  ['map/*/html/*/*list*.html', '/usr/lib/map/text/html/all/page7.html', false],
  ['gifts/**/media/*.webp', '/mnt/anna/gifts/trips/summer/trip/media/photo.webp', true],
  ['gifts/**/media/*.webp', '/mnt/anna/gifts/media/photo.webp', true],
  ['gifts/**/media/*.webp', 'gifts/media/mess/media/photo.webp', true],
  ['gifts/**/media/*.webp', '/mnt/anna/gifts/photo.png', false],
  ['gifts/**/media/*.webp', 'media/gifts/cover.webp', false],
  ['gifts/**/media', '/mnt/anna/gifts/x/y/media/cover.webp', true],
  ['gifts/**/media/**/x', '/mnt/anna/gifts/older/oldest/media/ours/trips/x', true],
  ['anna/**/precious*', '/mnt/anna/trips/x/y/secret/x', false],
  ['anna/**/secret*/**/c', '/mnt/anna/trips/x/y/secret/z/a/b/c', true],
  ['/gifts/**', '/gifts', true],
  ['/gifts/**/tidy', '/gifts/media/mess/rest', false],
];

test.each(single)('the pattern %s against %s: %s', (pattern, path, matched) => {
  expect(matches([pattern], path)).toBe(matched);
});

const lists: [patterns: string[], path: string, matched: boolean][] = [
  [['*.webp', '*.png'], '/gifts/media/photo.webp', true],
  [['', '*.png'], '/gifts/media/photo.webp', false],
  [['!**', '*.webp'], '/gifts/media/photo.webp', true],
  [['/gifts/*/photo.*', '!*.png'], '/gifts/media/photo.png', false],
  [['/gifts/*/photo.*', '!*.png'], '/gifts/media/photo.webp', true],
  [['/gifts/*/*', '!photo.*', '*.png'], '/gifts/media/photo.webp', false],
  [['/gifts/*/*', '!photo.*', '*.png'], '/gifts/media/photo.png', true],
  [['/**/*', '!/gifts', '/gifts/*', '!/gifts/media'], '/gifts/others/photo.webp', true],
  [['/**/*', '!/gifts', '/gifts/*', '!/gifts/media'], '/gifts/media/photo.webp', false],
];

test.each(lists)('the patterns %j against %s: %s', (patterns, path, matched) => {
  expect(matches(patterns, path)).toBe(matched);
});

const classes: [pattern: string, name: string, matched: boolean][] = [
  ['[a-c]x', 'bx', true],
  ['[^a-c]x', 'bx', false],
  ['[^a-c]x', 'dx', true],
  [String.raw`[\]]`, ']', true],
  [String.raw`\*`, '*', true],
  [String.raw`\*`, 'a', false],
  ['a]', 'a]', true],
  ['a[b-a]', 'ab', false],
  ['?', '😀', true],
  ['a?c', 'a\udcffc', true],
  ['a.c', 'abc', false],
  ['x*y', 'x\ny', true],
];

test.each(classes)('the component %s against %j: %s', (pattern, name, matched) => {
  expect(matches([`${pattern}*`], `/srv/${name}`)).toBe(matched);
});

test.each(['/srv/[', '[]', '[a', '[a-', '[-a]', 'x\\', '[^]'])(
  'the malformed pattern %s is refused by name',
  (pattern) => {
    expect(() => compileExcludes({ patterns: [pattern] })).toThrowError(
      expect.objectContaining({ code: 'SOURCE_BAD_PATTERN', exitCode: 2 }),
    );
  },
);

test('case counts, but not for patterns given as case-insensitive', () => {
  expect(matches(['*.JPG'], '/a/b.jpg')).toBe(false);
  expect(compileExcludes({ patternsAnyCase: ['*.JPG'] }).matches('/A/b.Jpg')).toBe(true);
});

test('many double stars over a long path stay fast', () => {
  const path = `/${'a/'.repeat(2000)}a`;
  expect(matches(['**/a/**/a/**/a/**/a/**/a/**/b'], path)).toBe(false);
});

test('an exclude file has comments, blank lines and variables', () => {
  const text = '\uFEFF# a comment\n\n  *.tmp  \r\n$HOME/x\n${HOME}y\n$$z\n$ 1\n$NONE/q\n#x\n';
  expect(parseExcludeFile(text, { HOME: '/root' })).toEqual([
    '*.tmp',
    '/root/x',
    '/rooty',
    '$z',
    '$ 1',
    '/q',
  ]);
});
