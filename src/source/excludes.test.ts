import { expect, test } from 'vitest';
import { compileExcludes, parseExcludeFile } from './excludes.ts';

function matches(patterns: string[], path: string): boolean {
  return compileExcludes({ patterns }).matches(path);
}

// Cases of restic internal/filter/filter_test.go @ a80be14.
const single: [pattern: string, path: string, matched: boolean][] = [
  ['*.go', '/foo/bar/test.go', true],
  ['*.c', '/foo/bar/test.go', false],
  ['*', '/foo/bar/test.go', true],
  ['**', '/foo/bar/test.go', true],
  ['foo*', '/foo/bar/test.go', true],
  ['/bar*', '/foo/bar/test.go', false],
  ['bar/*', '/foo/bar/test.go', true],
  ['baz/*', '/foo/bar/test.go', false],
  ['bar/test.go', '/foo/bar/test.go', true],
  ['ba*/*.go', '/foo/bar/test.go', true],
  ['bb*/*.go', '/foo/bar/test.go', false],
  ['tesT.*', '/foo/bar/test.go', false],
  ['/foo/bar', '/foo/bar', true],
  ['/foo/bar/', '/foo/bar', true],
  ['/foo/bar', '/foo/baz', false],
  ['/foo///bar', '/foo/bar', true],
  ['/foo/../bar', '/foo/bar', false],
  ['/foo/../bar', '/bar', true],
  ['/foo', '/foo/baz', true],
  ['/foo/*', '/foo', false],
  ['/foo/*', '/foo/baz', true],
  ['bar', '/foo/bar/baz', true],
  ['/foo/*test.*', '/foo/bar/test.go', false],
  ['/foo/*/test.*', '/foo/bar/test.go', true],
  ['/*/*/bar/test.*', '/foo/bar/baz/test.go', false],
  ['/*/*/baz/test.*', '/foo/bar/baz/test.go', true],
  ['/foo/bar/test.*', 'bar/baz/test.go', false],
  ['baz/test.*', 'bar/baz/test.go', true],
  ['sdk', '/foo/bar/sdk/test/sdk_foo.go', true],
  ['sdk/*/cpp/*/*vars*.html', '/usr/share/sdk/docs/cpp/ref/a00517.html', false],
  ['foo/**/bar/*.go', '/home/user/foo/work/special/project/bar/test.go', true],
  ['foo/**/bar/*.go', '/home/user/foo/bar/test.go', true],
  ['foo/**/bar/*.go', 'foo/bar/baz/bar/test.go', true],
  ['foo/**/bar/*.go', '/home/user/foo/test.c', false],
  ['foo/**/bar/*.go', 'bar/foo/main.go', false],
  ['foo/**/bar', '/home/user/foo/x/y/bar/main.go', true],
  ['foo/**/bar/**/x', '/home/user/foo/blaaa/blaz/bar/shared/work/x', true],
  ['user/**/important*', '/home/user/work/x/y/hidden/x', false],
  ['user/**/hidden*/**/c', '/home/user/work/x/y/hidden/z/a/b/c', true],
  ['/foo/**', '/foo', true],
  ['/foo/**/qux', '/foo/bar/baz/boo', false],
];

test.each(single)('the pattern %s against %s: %s', (pattern, path, matched) => {
  expect(matches([pattern], path)).toBe(matched);
});

const lists: [patterns: string[], path: string, matched: boolean][] = [
  [['*.go', '*.c'], '/foo/bar/test.go', true],
  [['', '*.c'], '/foo/bar/test.go', false],
  [['!**', '*.go'], '/foo/bar/test.go', true],
  [['/foo/*/test.*', '!*.c'], '/foo/bar/test.c', false],
  [['/foo/*/test.*', '!*.c'], '/foo/bar/test.go', true],
  [['/foo/*/*', '!test.*', '*.c'], '/foo/bar/test.go', false],
  [['/foo/*/*', '!test.*', '*.c'], '/foo/bar/test.c', true],
  [['/**/*', '!/foo', '/foo/*', '!/foo/bar'], '/foo/other/test.go', true],
  [['/**/*', '!/foo', '/foo/*', '!/foo/bar'], '/foo/bar/test.go', false],
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
