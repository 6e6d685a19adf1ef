import protobuf from 'protobufjs';
import { tokensOf, type Token } from './proto-tokens.js';

/** The body of a message, a service, an enum or a group, or the whole file. */
export interface Scope {
  /** The full name of what has that body; of a file, its package. */
  readonly path: string;
  /** Where that name stands; a file has none. */
  readonly name: Token | undefined;
}

/** A token, and the body in which it stands. A closing brace is the last of what it closes. */
export interface ScopedToken extends Token {
  readonly scope: Scope;
}

const BODIES = new Set(['message', 'enum', 'service']);
const DEFINING = new Set([...BODIES, 'group', 'oneof', 'rpc']);
const BEFORE_NUMBERED_NAME = /^[\w.>{};]+$/;

/**
 * Which definition each token of a .proto file is in, also where the file does not parse. Oneofs, `extend` and values of
 * options are no scopes in protobuf: what they hold is in the body around them.
 */
export function outlineOf(source: string): ScopedToken[] {
  const file = { path: '', name: undefined };
  const scopes: Scope[] = [file];
  let statement: Token[] = [];
  return tokensOf(source).map((token) => {
    const scope = scopes.at(-1) ?? file;
    if (token.text === '{') scopes.push(scopeOf(statement, scope));
    else if (token.text === '}') scopes.pop();
    else if (token.text === ';' && statement[0]?.text === 'package') {
      file.path = statement.slice(1).reduce((path, { text }) => path + text, '');
    }
    if (/^[{};]$/.test(token.text)) statement = [];
    else statement.push(token);
    return { ...token, scope };
  });
}

/** The body that a brace after `statement` opens. */
function scopeOf(statement: readonly Token[], around: Scope): Scope {
  const group = statement.slice(0, 2).findIndex(({ text }) => text === 'group');
  const name = BODIES.has(statement.at(-2)?.text ?? '')
    ? statement.at(-1)
    : group < 0
      ? undefined
      : statement[group + 1];
  return name ? { path: around.path === '' ? name.text : `${around.path}.${name.text}`, name } : around;
}

/** True where the token at `index` is the name of a definition: of a type, a field, a value, an rpc or a oneof. */
export function isDefined(tokens: readonly Token[], index: number): boolean {
  const [before, after] = [tokens[index - 1]?.text ?? ';', tokens[index + 1]?.text];
  return DEFINING.has(before) || (after === '=' && before !== 'option' && BEFORE_NUMBERED_NAME.test(before));
}

/** True for the token of a name, which protobufjs may have in camelCase, and that of a group's field in lower case. */
export function isNamed({ text }: Token, name: string): boolean {
  return text === name || protobuf.util.camelCase(text) === name || text.toLowerCase() === name;
}
