import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { fromBinary, toJson, type JsonObject } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { describeRoot } from '../../src/reflection/describe-root.js';
import { knownOptions } from '../../src/reflection/descriptor-options.js';
import { namesOfFiles } from '../../src/reflection/file-names.js';
import { descriptorTypes } from '../../src/schema/sources/descriptor-types.js';
import { ProtoFiles } from '../../src/schema/sources/proto-files.js';
import { TempFolder } from '../support/temp-folder.js';

let folder: TempFolder;

beforeEach(() => {
  folder = new TempFolder();
});

afterEach(() => {
  folder.remove();
});

/** The files of a .proto file's text and of its imports, by name, as JSON of another implementation. */
function described(text: string): Map<string, JsonObject> {
  const protoPath = folder.file('a.proto');
  writeFileSync(protoPath, text);
  const root = new ProtoFiles({ keepCase: true }).load([protoPath]);
  const files = describeRoot(root, namesOfFiles({ protoPath }));
  return new Map(
    files.map((bytes) => {
      const file = fromBinary(FileDescriptorProtoSchema, bytes);
      return [file.name, toJson(FileDescriptorProtoSchema, file)] as const;
    }),
  );
}

/** The options of each field of the message `M` of a file, by name. */
function optionsIn(text: string): Record<string, unknown> {
  const file = described(text).get('a.proto') as { messageType: { field: { name: string; options?: object }[] }[] };
  return Object.fromEntries(file.messageType[0]?.field.map(({ name, options }) => [name, options]) ?? []);
}

describe('options that descriptor.proto knows', () => {
  it('have all their values where they are repeated, message-valued ones too', () => {
    const options = optionsIn(`edition = "2023"; package a;
      message M {
        int32 several = 1 [targets = TARGET_TYPE_FIELD, deprecated = true, targets = TARGET_TYPE_ENUM];
        int32 one = 2 [targets = TARGET_TYPE_FILE];
        int32 defaults = 3 [
          edition_defaults = { edition: EDITION_LEGACY value: "A" },
          edition_defaults = { edition: EDITION_2023, value: "B" },
          retention = RETENTION_SOURCE
        ];
        int32 support = 4 [
          feature_support.edition_introduced = EDITION_2023,
          feature_support.deprecation_warning = "w",
          features.field_presence = IMPLICIT
        ];
        int32 literal = 5 [feature_support = { edition_introduced: EDITION_2023 edition_removed: EDITION_2024 }];
        int32 none = 6;
      }`);
    expect(options).toEqual({
      several: { deprecated: true, targets: ['TARGET_TYPE_FIELD', 'TARGET_TYPE_ENUM'] },
      one: { targets: ['TARGET_TYPE_FILE'] },
      defaults: {
        retention: 'RETENTION_SOURCE',
        editionDefaults: [
          { edition: 'EDITION_LEGACY', value: 'A' },
          { edition: 'EDITION_2023', value: 'B' },
        ],
      },
      support: {
        featureSupport: { editionIntroduced: 'EDITION_2023', deprecationWarning: 'w' },
        features: { fieldPresence: 'IMPLICIT' },
      },
      literal: { featureSupport: { editionIntroduced: 'EDITION_2023', editionRemoved: 'EDITION_2024' } },
      none: undefined,
    });
  });

  it('are there beside those that files define, which are left out', () => {
    const options = optionsIn(`syntax = "proto3"; package a;
      import "google/protobuf/descriptor.proto";
      message M {
        int32 own = 1 [(note) = "n", (rules).max = 3, (rules) = { max: 4 }, (tags) = "x", (tags) = "y"];
        int32 both = 2 [(a.note) = "n", deprecated = true, json_name = "j"];
      }
      message Rules { int32 max = 1; }
      extend google.protobuf.FieldOptions {
        string note = 50000;
        Rules rules = 50001;
        repeated string tags = 50002 [targets = TARGET_TYPE_FIELD];
      }`);
    expect(options).toEqual({ own: undefined, both: { deprecated: true } });
  });

  it('of enum values, in either form', () => {
    const file = described(`syntax = "proto3"; package a;
      enum E { A = 0 [deprecated = true, feature_support.edition_introduced = EDITION_2023]; }`).get('a.proto');
    expect(file?.['enumType']).toEqual([
      {
        name: 'E',
        value: [
          {
            name: 'A',
            number: 0,
            options: { deprecated: true, featureSupport: { editionIntroduced: 'EDITION_2023' } },
          },
        ],
      },
    ]);
  });

  it('of JSON, which has the last value of a repeated option only', () => {
    const { FieldOptions } = descriptorTypes();
    expect(
      knownOptions(
        { options: { targets: 'TARGET_TYPE_FIELD', 'edition_defaults.value': 'A', 'edition_defaults.edition': 998 } },
        FieldOptions,
      ),
    ).toEqual(
      FieldOptions.fromObject({ targets: ['TARGET_TYPE_FIELD'], editionDefaults: [{ value: 'A', edition: 998 }] }),
    );
  });

  it('are left out where their values cannot be', () => {
    const options = {
      deprecated: 'yes',
      targets: ['NO_SUCH_TARGET', 'TARGET_TYPE_ENUM'],
      retention: 'NO_SUCH_RETENTION',
      feature_support: 7,
      features: ['x'],
      '__proto__.deprecated': true,
      'constructor.deprecated': true,
    };
    const { FieldOptions } = descriptorTypes();
    expect(knownOptions({ options }, FieldOptions)).toEqual(FieldOptions.fromObject({ targets: ['TARGET_TYPE_ENUM'] }));
    expect(knownOptions({ options: { deprecated: 1 } }, FieldOptions)).toBeUndefined();
    expect(Object.hasOwn(Object.prototype, 'deprecated')).toBe(false);
  });
});

it('google/protobuf/descriptor.proto and what uses it are described', () => {
  const files = described(`syntax = "proto3"; package a;
    import "google/api/annotations.proto";
    message M {}
    service S { rpc Get(M) returns (M) { option deprecated = true; option (google.api.http) = { get: "/m" }; } }`);
  const [service] = files.get('a.proto')?.['service'] as { method: { options: object }[] }[];
  expect(service?.method[0]?.options).toEqual({ deprecated: true });
  expect(JSON.stringify(files.get('google/protobuf/descriptor.proto'))).toContain('"targets":["TARGET_TYPE_FILE"]');
});
