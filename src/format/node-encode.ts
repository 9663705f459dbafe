/**
 * A node as the JSON text restic writes: the tree's id is the hash of exactly these bytes.
 *
 *   field                 form                                    left out when
 *   name                  Go-quoted, then a JSON string           never
 *   type                  string                                  never
 *   mode                  Go os.FileMode, decimal                 0
 *   mtime atime ctime     RFC 3339, nanoseconds                   never
 *   uid gid               decimal                                 never
 *   user group            string                                  empty
 *   inode device_id       uint64, decimal                         0
 *   size links            uint64, decimal                         0
 *   linktarget            string, U+FFFD for what is not UTF-8    empty
 *   linktarget_raw        base64; only if linktarget lost bytes   else (restic 0.16 and later)
 *   extended_attributes   [{"name":string,"value":base64}]        none
 *   generic_attributes    {string: any JSON}, keys sorted         none (restic 0.17 and later)
 *   device                uint64, decimal                         0
 *   content               [hex id …] of files, else null          never
 *   subtree               hex id                                  not a dir
 *   error                 string                                  empty
 *
 * Strings as `json-text.ts` writes them. Fields this version does not know follow at the end.
 * Source: restic internal/data/node.go @ a80be14 and v0.14.0 internal/restic/node.go.
 */
import { asBuffer } from '../base/bytes.ts';
import { compareRawNames, encodeRawName } from '../base/raw-name.ts';
import { quoteGo } from './go-quote.ts';
import { encodeGoString } from './json-text.ts';
import type { ExtendedAttribute, Node } from './node.ts';

const ESCAPED_BYTE = /[\uDC80-\uDCFF]/;
/** In well-formed text the second half of a pair; after pairs are gone, a byte that is not UTF-8. */
const PAIRS = /[\uD800-\uDBFF][\uDC00-\uDFFF]/g;

export function encodeNode(node: Node): string {
  const { name, type, mtime, atime, ctime, uid, gid, content } = node;
  return (
    `{"name":${encodeGoString(quoteGo(name))},"type":"${type}"${number('mode', node.mode)}` +
    `,"mtime":"${mtime}","atime":"${atime}","ctime":"${ctime}","uid":${uid},"gid":${gid}` +
    string('user', node.user) +
    string('group', node.group) +
    number('inode', node.inode) +
    number('device_id', node.deviceId) +
    number('size', node.size) +
    number('links', node.links) +
    linkTarget(node.linkTarget) +
    extendedAttributes(node.extendedAttributes) +
    genericAttributes(node.genericAttributes) +
    number('device', node.device) +
    `,"content":${contentIds(content)}` +
    string('subtree', node.subtree) +
    string('error', node.error) +
    unknownFields(node.unknownFields) +
    '}'
  );
}

function number(key: string, value: number | bigint | undefined): string {
  // eslint-disable-next-line eqeqeq -- 0 and 0n alike
  return value === undefined || value == 0 ? '' : `,"${key}":${value}`;
}

function string(key: string, value: string | undefined): string {
  return value === undefined || value === '' ? '' : `,"${key}":${encodeGoString(value)}`;
}

function linkTarget(target: string | undefined): string {
  if (target === undefined || target === '') return '';
  const text = string('linktarget', target);
  if (!ESCAPED_BYTE.test(target) || !ESCAPED_BYTE.test(target.replace(PAIRS, ''))) return text;
  return `${text},"linktarget_raw":"${asBuffer(encodeRawName(target)).toString('base64')}"`;
}

function extendedAttributes(attributes: readonly ExtendedAttribute[] | undefined): string {
  if (attributes === undefined || attributes.length === 0) return '';
  const items = attributes.map(
    ({ name, value }) =>
      `{"name":${encodeGoString(name)},"value":"${asBuffer(value).toString('base64')}"}`,
  );
  return `,"extended_attributes":[${items.join(',')}]`;
}

function genericAttributes(attributes: ReadonlyMap<string, string> | undefined): string {
  if (attributes === undefined || attributes.size === 0) return '';
  const items = [...attributes]
    .sort(([a], [b]) => compareRawNames(a, b))
    .map(([key, json]) => `${encodeGoString(key)}:${json}`);
  return `,"generic_attributes":{${items.join(',')}}`;
}

function contentIds(content: readonly string[] | null): string {
  if (content === null) return 'null';
  return content.length === 0 ? '[]' : `["${content.join('","')}"]`;
}

function unknownFields(fields: readonly string[] | undefined): string {
  return fields === undefined || fields.length === 0 ? '' : `,${fields.join(',')}`;
}
