import { swcOptions } from './scripts/typescript/swc-options.mjs';

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts', '**/*.spec.ts'],
  // The Go build cache and other generated trees hold no modules of ours.
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/test/consumers/'],
  // Projects with a Jest of their own (npm run check:consumers).
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/consumers/'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^nestjs-ttrpc$': '<rootDir>/src/index.ts',
    '^nestjs-ttrpc/(containerd|grpc|health|metrics|nri|opentelemetry|protocol|reflection|schema|testing)$':
      '<rootDir>/src/$1/index.ts',
    '^nestjs-ttrpc/(protobuf-es|ts-proto)$': '<rootDir>/src/schema/adapters/$1/index.ts',
    // TypeScript's imports name the compiled file.
    '^(\\.{1,2}/.*)\\.js$': ['$1.ts', '$1.js'],
  },
  transform: {
    '^.+\\.ts$': ['@swc/jest', swcOptions],
  },
  coverageProvider: 'v8',
  // Handles that a test leaves open must show: no forceExit here or on a command line.
  forceExit: false,
  maxWorkers: 2,
  testTimeout: 20_000,
  reporters: ['default', '<rootDir>/scripts/summary-reporter.mjs'],
};
