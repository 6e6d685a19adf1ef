import { spawn } from 'node:child_process';

/**
 * Runs a program and gives what it wrote to stdout and stderr. Throws an error with that text when it does not end with
 * status 0 within `limitMs`.
 */
export async function output(program, args, { cwd, env = process.env, limitMs = 120_000 }) {
  const child = spawn(program, args, {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: limitMs,
    killSignal: 'SIGKILL',
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (piece) => (text += piece));
  }
  const [code, signal] = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (...end) => resolve(end));
  });
  if (code !== 0) {
    const end = signal ? `${signal}${child.killed ? ` after ${limitMs / 1000} s` : ''}` : `status ${code}`;
    throw Object.assign(new Error(`${program} ${args.join(' ')} ended with ${end}:\n${text}`), { text });
  }
  return text;
}
