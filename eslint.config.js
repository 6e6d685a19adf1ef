import eslint from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/**
 * Dependencies in src point one way: decorators, transport, client -> common -> schema -> protocol. What each folder
 * must not import: other folders of src, and packages by a regular expression.
 */
const boundaries = {
  protocol: {
    folders: 'schema|common|transport|client|decorators',
    packages: '^(@nestjs/|rxjs|protobufjs|reflect-metadata)',
  },
  schema: { folders: 'common|transport|client|decorators', packages: '^(@nestjs/|rxjs|reflect-metadata)' },
  common: { folders: 'transport|client|decorators' },
  transport: { folders: 'client' },
  client: { folders: 'transport' },
  decorators: {},
};
const nestInternals = {
  regex: '^@nestjs/[^/]+/.',
  message: 'Only the public roots of Nest are imported: its inner files move between versions.',
};

const optionalPeers = {
  regex: '^@bufbuild/',
  message: 'An optional peer: only src/schema/protobuf-es imports it.',
};

function boundaryRules() {
  return Object.entries(boundaries).flatMap(([folder, { folders, packages }]) =>
    // A path that leaves the folder starts with as many `../` as the file is deep.
    [0, 1, 2].map((depth) => {
      const out = `^(\\.\\./){${depth + 1}}`;
      const patterns = [
        nestInternals,
        optionalPeers,
        { regex: `${out}(index\\.js)?$`, message: 'Import the file itself: the root index would close a circle.' },
        { regex: '^nestjs-ttrpc', message: 'Inside src use relative paths.' },
      ];
      if (folders) {
        patterns.push({
          regex: `${out}(${folders})/`,
          message: `src/${folder} must not know this folder (decorators, transport, client -> common -> schema -> protocol).`,
        });
      }
      if (packages) patterns.push({ regex: packages, message: `src/${folder} must not depend on this package.` });
      return {
        files: [`src/${folder}/${'*/'.repeat(depth)}*.ts`],
        rules: { 'no-restricted-imports': ['error', { patterns }] },
      };
    }),
  );
}

export default defineConfig(
  // The consumers have dependencies of their own, which are installed elsewhere.
  globalIgnores(['dist/', 'coverage/', 'test/interop/**/target/', 'test/**/generated/', 'test/consumers/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  eslint.configs.recommended,
  {
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: { globals: { console: 'readonly', process: 'readonly', URL: 'readonly', setTimeout: 'readonly' } },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/prefer-promise-reject-errors': 'off', // The reason of an AbortSignal may be anything.
      '@typescript-eslint/no-unsafe-function-type': 'off', // Nest's own types for classes and handlers have it.
      '@typescript-eslint/unbound-method': ['error', { ignoreStatic: true }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-restricted-imports': ['error', { patterns: [nestInternals] }],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector: 'BinaryExpression[operator="instanceof"][right.name=/^(Error|Promise)$/]',
          message: 'An object of another realm (Jest, vm, worker) fails instanceof: test its shape.',
        },
        { selector: 'MetaProperty[meta.name="import"]', message: 'src is compiled to CommonJS too: no import.meta.' },
        { selector: 'ImportExpression', message: 'No lazy import() in src: it fails in the Jest of users.' },
      ],
    },
  },
  ...boundaryRules(),
  {
    files: ['src/schema/protobuf-es/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [{ regex: `^(\\.\\./){2}(${boundaries.schema.folders})/` }, { regex: boundaries.schema.packages }],
        },
      ],
    },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts', 'sample/**/*.ts'],
    rules: {
      // Nest's test applications have empty modules and handlers that await nothing.
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
);
