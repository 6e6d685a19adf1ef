// Runs the tests that use other programs as on a machine that has Node alone: each must do without, or be skipped with a
// line that says what is missing. Their number is not that of the tests: they are run once more.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { root } from './run.mjs';

/** What a fresh machine has not got. */
const MISSING = /^(?:go|gofmt|cargo|rustc|rustup|containerd.*|ctr|runc|zsh|fish|chromium.*|google-chrome.*)$/;

/** By what a test finds such a program; whatever imports one of these is run. */
const FINDERS = [
  'test/interop/go-peer.ts',
  'test/interop/rust-peer.ts',
  'test/support/go-module.ts',
  'test/support/go-programs.ts',
  'test/containerd/containerd.ts',
  'test/containerd/rust-shim.ts',
];

const folder = mkdtempSync(join(tmpdir(), 'without-peers-'));
try {
  const names = new Set();
  for (const path of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of programsIn(path)) {
      if (names.has(name) || MISSING.test(name)) continue;
      names.add(name);
      symlinkSync(join(path, name), join(folder, name));
    }
  }
  const args = ['--disable-warning=ExperimentalWarning', '--experimental-vm-modules', 'node_modules/jest/bin/jest.js'];
  const { status } = spawnSync(process.execPath, [...args, '--findRelatedTests', ...FINDERS], {
    cwd: root,
    stdio: 'inherit',
    // With CI set a skipped test is a failure; here it is what is wanted.
    env: { ...process.env, CI: '', PATH: folder, TEST_SUMMARY_FILE: join(folder, '.summary') },
  });
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function programsIn(path) {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
