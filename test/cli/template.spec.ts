import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import protobuf from 'protobufjs';
import { templateOf } from '../../src/cli/json/template.js';
import { CommandSchema } from '../../src/cli/schema/command-schema.js';
import { schemaOfProtos } from '../../src/cli/schema/source-flags.js';

const PROTO = fileURLToPath(new URL('../../proto', import.meta.url));
const FILES = readdirSync(PROTO, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.proto'));

describe.each(FILES)('%s', (file) => {
  test('the template of each message is such a message', () => {
    const schema = schemaOfProtos([join(PROTO, file)], [PROTO, join(PROTO, 'containerd')]);
    const symbols = schema.symbolNames().map((name) => schema.symbol(name));
    expect(symbols.length).toBeGreaterThan(0);
    const types = symbols.filter((symbol) => symbol instanceof protobuf.Type);
    for (const type of types) {
      const json = JSON.stringify(templateOf(type));
      expect(() => schema.fromJson(type, JSON.parse(json))).not.toThrow();
    }
  });
});

test('a message within itself is left out where it would lack what it requires', () => {
  const { root } = protobuf.parse(`syntax = "proto2"; package t;
    message Self { required int32 id = 1; optional Self one = 2; repeated Self all = 3; map<string, Self> by = 4; }
    message Pair { required Other other = 1; optional string text = 2; }
    message Other { optional Pair pair = 1; optional Free free = 2; }
    message Free { optional Free free = 1; }`);
  root.resolveAll();
  const schema = new CommandSchema(root);
  const template = (name: string): unknown => templateOf(root.lookupType(name));
  expect(template('t.Self')).toEqual({ id: 0 });
  expect(template('t.Pair')).toEqual({ other: { free: { free: {} } }, text: '' });
  expect(template('t.Other')).toEqual({ pair: { other: {}, text: '' }, free: { free: {} } });
  for (const name of ['t.Self', 't.Pair', 't.Other']) {
    expect(() => schema.fromJson(root.lookupType(name), template(name))).not.toThrow();
  }
});
