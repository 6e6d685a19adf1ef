import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import protobuf from 'protobufjs';
import { templateOf } from '../../src/cli/json/template.js';
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
