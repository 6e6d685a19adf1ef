import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';

/** How long, in ms, the process may live on after its last test. */
const HELD_MS = 5_000;

/**
 * Jest reporter that ends a run with one line, `N passed, N failed, N skipped`. A test file that could not be run
 * counts as one failure. With TEST_SUMMARY_FILE set the line goes into that file and not to the terminal.
 * With CI set a skipped test fails the run, and so does a run in which no test with a foreign peer passed: a peer
 * that could not be built must not look like success.
 * A process that a handle of a test keeps alive after the run is ended with status 1, naming what was left open.
 */
export default class SummaryReporter {
  #errors = [];
  #watch;

  constructor(globalConfig) {
    this.#watch = globalConfig.watch || globalConfig.watchAll;
  }

  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    const line = `${results.numPassedTests} passed, ${failed} failed, ${skipped} skipped`;
    if (process.env.CI) this.#checkComplete(results, skipped);
    if (process.env.TEST_SUMMARY_FILE) writeFileSync(process.env.TEST_SUMMARY_FILE, `${line}\n`);
    else process.stdout.write(`\n${line}\n`);
    // Without a reference: it fires only when something else holds the process.
    if (!this.#watch) setTimeout(endHeldProcess, HELD_MS).unref();
  }

  getLastError() {
    return this.#errors[0];
  }

  #checkComplete(results, skipped) {
    const problems = [];
    if (skipped > 0) {
      problems.push(`${skipped} skipped; in CI each test must run:`);
      for (const file of results.testResults) {
        for (const test of file.testResults) {
          if (test.status === 'passed' || test.status === 'failed') continue;
          problems.push(`  ${relative(process.cwd(), file.testFilePath)}: ${test.fullName}`);
        }
      }
    }
    const peers = results.testResults.filter((file) => /[\\/]test[\\/]interop[\\/]/.test(file.testFilePath));
    if (!peers.some((file) => file.numPassingTests > 0)) problems.push('no test in test/interop passed');
    if (problems.length === 0) return;
    process.stderr.write(`\n${problems.join('\n')}\n`);
    this.#errors.push(new Error(problems.join('\n')));
  }
}

function endHeldProcess() {
  const held = process.getActiveResourcesInfo().filter((name) => !/^(TTYWrap|PipeWrap|FSReqCallback)$/.test(name));
  process.stderr.write(`\nA test left something open: ${held.join(', ') || 'unknown'}\n`);
  process.exit(1);
}
