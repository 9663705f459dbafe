import { expect, test } from 'vitest';
import { treeCode, treeText } from '../../test/support/tree-text.ts';
import { decodeRawName } from '../base/raw-name.ts';
import type { Node } from './node.ts';
import { decodeTree, encodeTree, decodeTreePieces, TreeEncoder } from './tree.ts';

const TIME = '2026-11-23T08:15:30.123456789Z';
const TIMES = `"mtime":"${TIME}","atime":"${TIME}","ctime":"${TIME}"`;
const ID = '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881';

const file: Node = {
  name: 'photo.webp',
  type: 'file',
  mode: 420,
  mtime: TIME,
  atime: TIME,
  ctime: TIME,
  uid: 0,
  gid: 0,
  content: [],
};

function tree(...nodes: string[]): Buffer {
  return Buffer.from(`{"nodes":[${nodes.join(',')}]}\n`);
}

/** A node's JSON with the given fields put after the times. */
function nodeText(name: string, rest = '"uid":0,"gid":0,"content":[]', type = 'file'): string {
  return `{"name":${name},"type":"${type}","mode":420,${TIMES},${rest}}`;
}

test('an empty folder is 13 bytes, the newline included', () => {
  expect(treeText([])).toBe('{"nodes":[]}\n');
  expect(decodeTree(Buffer.from('{"nodes":[]}\n'))).toEqual([]);
  expect(decodeTree(Buffer.from('{"nodes":null}'))).toEqual([]);
});

test('every field has the place and form that restic gives it', () => {
  const node: Node = {
    ...file,
    name: 'a"<\n',
    mode: 0,
    uid: 1000,
    gid: 1001,
    user: 'wish & list',
    group: 'g',
    inode: 18_446_744_073_709_551_615n,
    deviceId: 9_007_199_254_740_993n,
    size: 5,
    links: 2,
    linkTarget: decodeRawName(Buffer.from('x\xff<', 'latin1')),
    extendedAttributes: [
      { name: 'user.a', value: Uint8Array.of(0, 255) },
      { name: 'user.empty', value: new Uint8Array(0) },
    ],
    genericAttributes: new Map([
      ['windows.file_attributes', '32'],
      ['windows.creation_time', '"AQID"'],
    ]),
    device: 259n,
    content: [ID, ID],
    subtree: ID,
    error: 'bad',
    unknownFields: ['"later":{"a":[1.50]}'],
  };
  expect(treeText([node])).toBe(
    `{"nodes":[{"name":"a\\\\\\"\\u003c\\\\n","type":"file",${TIMES},"uid":1000,"gid":1001,` +
      '"user":"wish \\u0026 list","group":"g","inode":18446744073709551615,' +
      '"device_id":9007199254740993,"size":5,"links":2,' +
      '"linktarget":"x\\ufffd\\u003c","linktarget_raw":"eP88",' +
      '"extended_attributes":[{"name":"user.a","value":"AP8="},{"name":"user.empty","value":""}],' +
      '"generic_attributes":{"windows.creation_time":"AQID","windows.file_attributes":32},' +
      `"device":259,"content":["${ID}","${ID}"],"subtree":"${ID}","error":"bad",` +
      '"later":{"a":[1.50]}}]}\n',
  );
});

test('content is [] for an empty file and null for what has no content', () => {
  expect(treeText([file])).toContain('"content":[]');
  expect(treeText([{ ...file, type: 'fifo', content: null }])).toContain('"content":null');
  expect(decodeTree(tree(nodeText('"a"')))[0]?.content).toEqual([]);
  expect(decodeTree(tree(nodeText('"a"', '"uid":0,"gid":0')))[0]?.content).toBe(null);
});

test('integers of 64 bits are read without loss', () => {
  const rest = '"uid":4294967295,"gid":0,"inode":18446744073709551615,"device_id":9007199254740993';
  const [node] = decodeTree(tree(nodeText('"a"', `${rest},"size":9007199254740991,"content":[]`)));
  expect(node).toMatchObject({
    uid: 4_294_967_295,
    inode: 18_446_744_073_709_551_615n,
    deviceId: 9_007_199_254_740_993n,
    size: 9_007_199_254_740_991,
  });
});

test('linktarget_raw holds the target where linktarget could not', () => {
  const link = '"uid":0,"gid":0,"linktarget":"x\\ufffd","linktarget_raw":"eP8=","content":null';
  const [node] = decodeTree(tree(nodeText('"a"', link, 'symlink')));
  expect(node?.linkTarget).toBe('x\udcff');
  const swapped = '"uid":0,"gid":0,"linktarget_raw":"eP8=","linktarget":"x\\ufffd","content":null';
  expect(decodeTree(tree(nodeText('"a"', swapped, 'symlink')))[0]?.linkTarget).toBe('x\udcff');
});

// Written by hand after restic internal/data/node.go @ a80be14 (0.19), older and other writers: no
// such binary runs in the tests.
test.each([
  [
    'generic attributes of Windows',
    '"generic_attributes":{"windows.creation_time":"8AWQ+4lr2wE=","windows.x":{"a": 1}}',
  ],
  ['an attribute without a value', '"extended_attributes":[{"name":"user.x","value":null}]'],
  ['a target that is not UTF-8', '"linktarget":"\\ufffd","linktarget_raw":"/w=="'],
  ['controls as Go before 1.22 escapes them', '"linktarget":"\\u0008\\u000c"'],
  ['controls as Go since 1.22 escapes them', '"linktarget":"\\b\\f"'],
  ['line separators', '"linktarget":"\\u2028\\u2029"'],
  ['zeros that Go would leave out', '"inode":0,"size":0,"error":""'],
  ['numbers beyond 2^53', '"inode":18446744073709551615,"size":18446744073709551615'],
  ['an unknown field between known ones', '"later":[1e5,{"b":"\\u0041"}],"links":1'],
  ['two unknown fields', '"x":null,"y\\n":true'],
  ['white space', '"inode" : 5 , "links":1'],
])('%s: read, and written again byte for byte', (_, fields) => {
  for (const end of [',"content":null', '']) {
    const bytes = tree(nodeText('"a"', `"uid":0,"gid":0,${fields}${end}`));
    expect(treeText(decodeTree(bytes))).toBe(bytes.toString());
  }
});

test('a name that an older Go escapes stays as it was written', () => {
  const nodes = decodeTree(tree(nodeText('"\\\\x61"'), nodeText('"\\\\U0001fae0"')));
  expect(nodes.map(({ name }) => name)).toEqual(['a', '\u{1fae0}']);
  expect(treeText(nodes)).toContain('"name":"\\\\U0001fae0"');
});

test('a changed copy of a node is written anew, its unknown fields with it', () => {
  const [node] = decodeTree(tree(nodeText('"a"', '"uid":0,"later":[ 1 ],"gid":0,"content":null')));
  expect(treeText([{ ...node!, uid: 7 }])).toBe(
    `{"nodes":[{"name":"a","type":"file","mode":420,${TIMES},"uid":7,"gid":0,` +
      '"content":null,"later":[ 1 ]}]}\n',
  );
});

test('unknown fields beside the nodes are skipped', () => {
  const bytes = Buffer.from(`{"a":{"nodes":[1]},"nodes":[${nodeText('"x"')}],"z":"}"}`);
  expect(decodeTree(bytes).map(({ name }) => name)).toEqual(['x']);
});

test('a type of a later version is kept apart as irregular, and written as it was', () => {
  const bytes = tree(nodeText('"a"', '"uid":0,"gid":0,"content":null', 'portal'));
  expect(decodeTree(bytes)[0]?.type).toBe('irregular');
  expect(treeText(decodeTree(bytes))).toBe(bytes.toString());
});

test.each(['', '.', '..', '/', 'a/b', '../etc/passwd', '\\\\x00', 'a\\\\x2fb', '\\u002e\\u002e'])(
  'a name that could leave the folder is refused: "%s"',
  (name) => {
    expect(treeCode(tree(nodeText(`"${name}"`)))).toBe('TREE_NAME_UNSAFE');
  },
);

test('an escaped lone surrogate in the JSON cannot pass for a byte of a name', () => {
  const [node] = decodeTree(tree(nodeText('"\\udcff"')));
  expect(node?.name).toBe('\ufffd');
});

test('the same name twice is refused, order alone is put right', () => {
  expect(treeCode(tree(nodeText('"b"'), nodeText('"a"'), nodeText('"b"')))).toBe('TREE_NAME_TWICE');
  expect(treeCode(tree(nodeText('"a"'), nodeText('"\\\\x61"')))).toBe('TREE_NAME_TWICE');
  const nodes = decodeTree(tree(nodeText('"b"'), nodeText('"a"')));
  expect(nodes.map(({ name }) => name)).toEqual(['a', 'b']);
});

test.each([
  ['"uid":-1'],
  ['"uid":4294967296'],
  ['"inode":18446744073709551616'],
  ['"mtime":"yesterday"'],
  ['"content":["2d71"]'],
  [`"subtree":"${ID.toUpperCase()}"`],
  ['"extended_attributes":[{"name":"a","value":"%%%"}]'],
  ['"name":"\\\\q"'],
  ['"size":1.5'],
  ['"size":1e3'],
  ['"size":01'],
  ['"uid":"0"'],
])('a broken field is refused and named: %s', (field) => {
  const bytes = tree(`{"name":"x",${field},"type":"file"}`);
  expect(treeCode(bytes)).toMatch(/^TREE_(NODE_INVALID|MALFORMED)$/);
});

test('a node without a type or without times is read, as by restic, and never restored', () => {
  const bytes = tree('{"name":"x"}');
  expect(decodeTree(bytes)).toEqual([
    {
      ...file,
      name: 'x',
      type: 'irregular',
      mode: 0,
      mtime: '0001-01-01T00:00:00Z',
      atime: '0001-01-01T00:00:00Z',
      ctime: '0001-01-01T00:00:00Z',
      content: null,
    },
  ]);
  expect(treeText(decodeTree(bytes))).toBe(bytes.toString());
});

test('the error names the entry, the field and the value', () => {
  expect(() => decodeTree(tree('{"name":"x\\\\n","mtime":"yesterday"}'))).toThrow(
    'a folder\'s record holds a broken entry "x\\x0a": "mtime" is not a time: "yesterday"',
  );
});

test('a tree cut off anywhere is refused', () => {
  const fields = `"uid":0,"gid":0,"user":"q\\"","extended_attributes":[{"name":"a","value":"AA=="}],"later":{"a":[true,1.5e3]},"content":["${ID}"]`;
  const whole = tree(nodeText('"a"', fields));
  expect(treeCode(whole)).toBe('decoded');
  for (let length = 0; length < whole.length - 2; length += 1) {
    expect(treeCode(whole.subarray(0, length)), `at ${length}`).toMatch(/^TREE_/);
  }
});

test.each(['', '[]', '{}', '{"nodes":{}}', '{"nodes":[]}x', '{"nodes":[{}]}', '{"nodes":[],}'])(
  'what is no tree is refused: %j',
  (json) => {
    expect(treeCode(Buffer.from(json))).toMatch(/^TREE_/);
  },
);

test('bytes that are not UTF-8 and endless nesting are refused, not guessed at', () => {
  expect(
    treeCode(Buffer.concat([Buffer.from('{"nodes":[],"a":"'), Buffer.of(0xff), Buffer.from('"}')])),
  ).toBe('TREE_MALFORMED');
  expect(treeCode(Buffer.from(`{"a":${'['.repeat(100_000)}`))).toBe('TREE_MALFORMED');
});

test('entries out of order or twice are a bug of the caller', () => {
  const named = (name: string): Node => ({ ...file, name });
  expect(() => encodeTree([named('b'), named('a')])).toThrow(/out of order/);
  expect(() => encodeTree([named('a'), named('a')])).toThrow(/out of order/);
  expect(treeText([named('\ufffd'), named('🎁')])).toContain('"name":"🎁"');
});

test('the encoder builds the same bytes node by node', () => {
  const nodes = Array.from({ length: 500 }, (_, i) => ({ ...file, name: `größe-${1000 + i}` }));
  const pieces: Uint8Array[] = [];
  const encoder = new TreeEncoder((piece) => pieces.push(piece));
  for (const node of nodes) encoder.add(node);
  encoder.finish();
  expect(pieces.length).toBeGreaterThan(1);
  expect(Buffer.concat(pieces).equals(encodeTree(nodes))).toBe(true);
  expect([...decodeTreePieces(pieces)]).toEqual(decodeTree(encodeTree(nodes)));
});
