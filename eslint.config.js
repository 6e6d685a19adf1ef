import eslint from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { closedTo, ROOMS } from './scripts/rooms.mjs';

/** Packages that a room must not import, by a regular expression; see scripts/rooms.mjs for the rooms. */
const closedPackages = {
  protocol: '^(@nestjs/|rxjs|protobufjs|reflect-metadata)',
  schema: '^(@nestjs/|rxjs|reflect-metadata)',
};
const nestInternals = {
  regex: '^@nestjs/[^/]+/.',
  message: 'Only the public roots of Nest are imported: its inner files move between versions.',
};

const optionalPeers = {
  regex: '^@bufbuild/',
  message: 'An optional peer: only src/schema/adapters/protobuf-es imports it.',
};

/** What files `depth` folders below `room` must not import. */
function closedImports(room, depth) {
  // From here to the root of src.
  const out = '\\.\\./'.repeat(depth + (room === '.' ? 0 : room.split('/').length));
  const patterns = [
    nestInternals,
    optionalPeers,
    { regex: `^${out}(index\\.js)?$`, message: 'Import the file itself: the root index would close a circle.' },
    { regex: '^nestjs-ttrpc', message: 'Inside src use relative paths.' },
  ];
  for (const other of closedTo(room)) {
    // Also where both are folders of one, so that the path does not lead to the root of src.
    const [top, inner] = other.split('/');
    const ways = [`${out}${other}/`];
    if (inner && room.startsWith(`${top}/`)) ways.push(`${'\\.\\./'.repeat(depth + 1)}${inner}/`);
    if (other === '.' || (!inner && top === 'protocol')) continue;
    patterns.push({
      regex: `^(${ways.join('|')})`,
      message: `src/${room} must not know src/${other}: see scripts/rooms.mjs.`,
    });
  }
  const packages = closedPackages[room.split('/')[0]];
  if (packages) patterns.push({ regex: packages, message: `src/${room} must not depend on this package.` });
  return patterns;
}

function boundaryRules() {
  return ROOMS.flat()
    .filter((room) => room !== '.')
    .flatMap((room) =>
      (room === 'protocol' ? [0] : [0, 1, 2]).map((depth) => ({
        files: [`src/${room}/${'*/'.repeat(depth)}*.ts`],
        rules: { 'no-restricted-imports': ['error', { patterns: closedImports(room, depth) }] },
      })),
    );
}

export default defineConfig(
  // The consumers have dependencies of their own, which are installed elsewhere.
  globalIgnores([
    'dist/',
    'coverage/',
    'src/**/generated/',
    'sample/typed/gen/',
    'test/**/rust/target/',
    'test/**/generated/',
    'test/consumers/',
  ]),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  eslint.configs.recommended,
  {
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: { globals: { console: 'readonly', process: 'readonly', URL: 'readonly', setTimeout: 'readonly' } },
  },
  {
    files: ['scripts/package/*.cjs'],
    languageOptions: { globals: { __filename: 'readonly', process: 'readonly' } },
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
    files: ['src/schema/adapters/protobuf-es/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: closedImports('schema', 2).filter((pattern) => pattern !== optionalPeers) },
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
