import protobuf from 'protobufjs';
import type { Edit, Token } from './proto-tokens.js';

/** The option that marks, in the text that protobufjs's parser gets, the message of a group. */
const MARK = '(nestjs_ttrpc.group)';

const LABEL = /^(?:optional|required|repeated)$/;
const OPENING = /^[[{]$/;
const CLOSING = /^[\]}]$/;

/** A block in which groups are, or may be. */
interface Block {
  /** `oneof`, `extend` and all that is extended, or something else. */
  readonly head: string;
  /** What follows its closing brace. */
  readonly closing: string;
}

/**
 * Makes of each group a field and a message of their own: protobufjs's parser takes neither options of a group nor, in
 * one, oneofs, extensions and extension ranges. `optional group Foo = 1 [a = b] {` becomes
 * `optional Foo foo = 1 [a = b] ; message Foo {`. {@link nameGroups} makes groups of them again.
 */
export function* groupEdits(tokens: readonly Token[]): Iterable<Edit> {
  if (!tokens.some(({ text }) => text === 'group') || !isProto2(tokens)) return;
  const blocks: Block[] = [];
  const groups = new Map<number, Block>();
  let statement: string[] = [];
  for (const [at, token] of tokens.entries()) {
    const head = blocks.at(-1)?.head ?? '';
    const brace = token.text === 'group' ? braceOfGroup(tokens, at, head) : undefined;
    if (brace !== undefined) {
      groups.set(brace, yield* editsOfGroup(tokens, at, brace, head));
    }
    if (token.text === '{') blocks.push(groups.get(at) ?? { head: statement.join(' '), closing: '' });
    if (token.text === '}') {
      const closing = blocks.pop()?.closing ?? '';
      if (closing !== '') yield { start: token.end, end: token.end, text: closing };
    }
    if (/^[{};]$/.test(token.text)) statement = [];
    else statement.push(token.text);
  }
}

function isProto2(tokens: readonly Token[]): boolean {
  return !/^(?:syntax|edition)$/.test(tokens[0]?.text ?? '') || tokens[2]?.text.slice(1, -1) === 'proto2';
}

/** Where the body of a group begins whose keyword is at `at`, in a block with that head; undefined where it is no group. */
function braceOfGroup(tokens: readonly Token[], at: number, head: string): number | undefined {
  const [before, name, equals] = [tokens[at - 1]?.text ?? '', tokens[at + 1]?.text ?? '', tokens[at + 2]?.text];
  if (!(head.startsWith('oneof ') ? /^[{};]$/ : LABEL).test(before)) return undefined;
  if (!/^[A-Za-z_]\w*$/.test(name) || equals !== '=') return undefined;
  let next = at + 4;
  if (tokens[next]?.text === '[') {
    let depth = 0;
    do {
      const text = tokens[next]?.text ?? '';
      if (OPENING.test(text)) depth += 1;
      else if (CLOSING.test(text)) depth -= 1;
      next += 1;
    } while (depth > 0 && next < tokens.length);
  }
  return tokens[next]?.text === '{' ? next : undefined;
}

function* editsOfGroup(tokens: readonly Token[], at: number, brace: number, head: string): Generator<Edit, Block> {
  const [keyword, name, , number, { start, end }] = [...tokens.slice(at, at + 4), tokens[brace]] as Five;
  const type = protobuf.util.ucFirst(name.text);
  yield { start: keyword.start, end: keyword.end, text: type };
  yield { start: name.start, end: name.end, text: type.toLowerCase() };
  const message = `message ${type} { option ${MARK} = true;`;
  if (head.startsWith('extend ')) {
    yield { start, end, text: `; } ${message}` };
    return { head: '', closing: ` ${head} {` };
  }
  if (head.startsWith('oneof ')) {
    // A oneof holds no messages, but groups: see withGroupsInOneofs.
    yield { start, end, text: `; group ${type} = ${number.text} { ${message}` };
    return { head: '', closing: ' }' };
  }
  yield { start, end, text: `; ${message}` };
  return { head: '', closing: '' };
}

type Five = [Token, Token, Token, Token, Token];

/** What is taken of a oneof while a file is parsed. */
interface OneOfPrototype {
  add: (this: protobuf.OneOf, member: protobuf.ReflectionObject) => protobuf.OneOf;
  onAdd: (this: protobuf.OneOf, parent: protobuf.Type) => void;
}

/**
 * Runs protobufjs's parser. For a group in a oneof that parser adds the group's message to the oneof, which takes only
 * fields: here such a message goes to the type that the oneof is in, where protobuf has it. In a group of
 * {@link groupEdits} it is the message within, and the field is there already.
 */
export function withGroupsInOneofs<T>(parse: () => T): T {
  const prototype = protobuf.OneOf.prototype as unknown as OneOfPrototype;
  const { add, onAdd } = prototype;
  const messages = new Map<protobuf.OneOf, protobuf.Type[]>();
  /** The group whose field comes next. */
  let group: protobuf.Type | undefined;
  // The parser makes its oneofs itself: there is no other place to stand in. It runs without a pause.
  prototype.add = function (this: protobuf.OneOf, member) {
    if (member instanceof protobuf.Type) {
      const own = member.get(member.name);
      group = own instanceof protobuf.Type && isMarked(own) ? member : undefined;
      if (group) member.remove(own as protobuf.Type);
      messages.set(this, [...(messages.get(this) ?? []), group ? (own as protobuf.Type) : member]);
      return this;
    }
    const isThere = group !== undefined && (member as protobuf.Field).type === group.name;
    group = undefined;
    return isThere ? this : add.call(this, member);
  };
  prototype.onAdd = function (this: protobuf.OneOf, parent) {
    onAdd.call(this, parent);
    for (const message of messages.get(this) ?? []) parent.add(message);
  };
  try {
    return parse();
  } finally {
    Object.assign(prototype, { add, onAdd });
  }
}

/**
 * Makes groups of what {@link groupEdits} wrote in their place, and gives the fields of all groups below `namespace`,
 * which are not resolved yet, the name that protobuf gives them: the group's in lower case (`foobar` for
 * `group FooBar`), as descriptors have it. JSON descriptors of protobufjs have `fooBar`.
 */
export function nameGroups(namespace: protobuf.NamespaceBase): void {
  for (const nested of namespace.nestedArray) if (nested instanceof protobuf.Type && isMarked(nested)) unmark(nested);
  const members: protobuf.ReflectionObject[] = namespace instanceof protobuf.Type ? [...namespace.fieldsArray] : [];
  const extensions = namespace.nestedArray.filter((nested) => nested instanceof protobuf.Field);
  for (const list of [members, extensions] as protobuf.Field[][]) {
    const renamed = list.filter((field) => isMisnamedGroup(field, namespace));
    if (renamed.length === 0) continue;
    // All of them, so that they stay in their order.
    for (const field of list) namespace.remove(field);
    for (const field of renamed) rename(field);
    for (const field of list) namespace.add(field);
  }
  for (const nested of namespace.nestedArray) if (nested instanceof protobuf.Namespace) nameGroups(nested);
}

function isMarked(type: protobuf.Type): boolean {
  return type.options !== undefined && Object.hasOwn(type.options, MARK);
}

function unmark(type: protobuf.Type): void {
  delete type.options?.[MARK];
  const others = type.parsedOptions?.filter((option) => !Object.hasOwn(option, MARK)) ?? [];
  // As where a group has no options.
  Object.assign(type, {
    options: Object.keys(type.options ?? {}).length > 0 ? type.options : undefined,
    parsedOptions: others.length > 0 ? others : undefined,
    group: true,
  });
}

function isMisnamedGroup({ type, name }: protobuf.Field, scope: protobuf.NamespaceBase): boolean {
  const group = scope.get(type);
  if (!(group instanceof protobuf.Type) || (group as { group?: boolean }).group !== true) return false;
  return name === protobuf.util.lcFirst(type) && name !== type.toLowerCase();
}

function rename(field: protobuf.Field): void {
  const name = field.type.toLowerCase();
  const names = field.partOf?.oneof;
  if (names) names[names.indexOf(field.name)] = name;
  field.name = name;
}
