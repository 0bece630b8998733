import type { ErrorCode } from 'yaml';

/**
 * What is wrong with a file's YAML. yaml's own texts quote what they stumbled over, and that is often a password: the
 * signs that YAML trips over are the ones that good passwords have.
 */
export const YAML_FAULTS: Readonly<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'a value that begins with * can have no anchor or tag; quote it if it is text',
  BAD_ALIAS: 'a value that begins with * must be the name of an anchor; quote it if it is text',
  BAD_COLLECTION_TYPE: 'this tag does not fit the value; quote what begins with ! if it is text',
  BAD_DIRECTIVE: 'a line that begins with % is not understood; quote it if it is text',
  BAD_DQ_ESCAPE: 'in double quotes a backslash begins an escape: write it twice, or use single quotes',
  BAD_INDENT: 'the line is not indented as those around it',
  BAD_PROP_ORDER: 'an anchor or tag is in the wrong place; quote what begins with & or ! if it is text',
  BAD_SCALAR_START: 'a value cannot begin with @, ` or another sign of YAML’s: put it into quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a value with a colon and a blank in it must be in quotes',
  BLOCK_IN_FLOW: 'lines of `key: value` cannot stand in brackets',
  DUPLICATE_KEY: 'this key is there twice',
  IMPOSSIBLE: 'this is not YAML',
  KEY_OVER_1024_CHARS: 'a key is too long',
  MISSING_CHAR: 'a quote, bracket, colon or comma is missing',
  MULTILINE_IMPLICIT_KEY: 'a key goes over several lines; is a quote or a colon missing?',
  MULTIPLE_ANCHORS: 'a value has two anchors; quote what begins with & if it is text',
  MULTIPLE_DOCS: 'there is a second document behind ---; one file is one configuration',
  MULTIPLE_TAGS: 'a value has two tags; quote what begins with ! if it is text',
  NON_STRING_KEY: 'a key must be a word',
  RESOURCE_EXHAUSTION: 'the file is nested too deeply',
  TAB_AS_INDENT: 'a tab cannot indent: use blanks',
  TAG_RESOLVE_FAILED:
    'a value that begins with ! is a tag, and this one means nothing here; quote it if it is text',
  UNEXPECTED_TOKEN: 'something is here that YAML does not expect; is a quote or a blank missing?',
};

export const NO_ANCHOR =
  'a value that begins with * is the name of an anchor, and there is none above; quote it if it is text';
