// Runs the ```console blocks of a page with the `ttrpc` command: each line `$ …` in a shell, with what it prints below.
// All commands of a page share one shell, in a folder with greeter.proto, beside a server at unix:greeter.sock.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../run.mjs';

const BLOCK = /^```console\n([\s\S]*?)^```$/gm;

/** What stands below a command up to the next one, and a line in it that a tap has printed; without times. */
const OUTPUT = /(?<=^\$ .*\n)(?:(?!\$ |```).*\n)+/gm;
const TAP_LINE = /^(<clock>|\{"time":<time>)/;

/** `markdown` with the output that its commands have now. `command` is the file of the bundled command. */
export async function withTranscripts(markdown, command) {
  const blocks = [...markdown.matchAll(BLOCK)];
  if (blocks.length === 0) return markdown;
  const folder = mkdtempSync(join(tmpdir(), 'transcripts-'));
  try {
    copyFileSync(join(root, 'sample/greeter/greeter.proto'), join(folder, 'greeter.proto'));
    symlinkSync(command, join(folder, 'ttrpc'));
    const server = await startServer(folder);
    try {
      const commands = blocks.map(([, code]) => commandsOf(code));
      const outputs = runAll(commands.flat(), folder);
      let [block, at] = [0, 0];
      return markdown.replace(BLOCK, () => {
        const text = commands[block++].map((line) => `$ ${line}\n${outputs[at++]}`).join('');
        return `\`\`\`console\n${text}\`\`\``;
      });
    } finally {
      server.stdin.end();
      await once(server, 'exit');
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * A transcript without what differs from run to run: times, rates, the rows of a histogram, and whether a tap or the
 * command beside it prints first.
 */
export function withoutTimes(text) {
  const timeless = text
    .replace(/^ {2}(to [\d.]+ \S+|longer) +\d+.*\n/gm, '')
    .replace(/\d\d:\d\d:\d\d\.\d{3}/g, '<clock>')
    .replace(/\d+(\.\d+)?(e-?\d+)? (ms|µs|s)\b/g, '<time>')
    .replace(/\d+(\.\d+)? calls\/s/g, '<rate>')
    .replace(/"(durationMs|callsPerSecond|min|mean|max|p[\d.]+)":[\d.]+/g, '"$1":<number>')
    .replace(/"(time|begun)":"[^"]+"/g, '"$1":<time>')
    .replace(/"at":[\d.]+/g, '"at":<number>')
    .replace(/"histogram":\[[^\]]*\]/g, '"histogram":[…]')
    .replace(/^(\d+(\.\d+)?,){2}/gm, '<time>,<time>,');
  return timeless.replace(OUTPUT, (output) => {
    const lines = output.split('\n');
    const isOfTap = (line) => TAP_LINE.test(line);
    return [...lines.filter(isOfTap), ...lines.filter((line) => !isOfTap(line))].join('\n');
  });
}

function commandsOf(code) {
  return code
    .split('\n')
    .filter((line) => line.startsWith('$ '))
    .map((line) => line.slice(2));
}

async function startServer(folder) {
  const program = join(root, 'scripts/typescript/run.mjs');
  const args = [program, join(root, 'scripts/transcripts/server.ts'), `unix://${join(folder, 'greeter.sock')}`];
  const server = spawn(process.execPath, args, { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] });
  const [first] = await Promise.race([once(server.stdout, 'data'), once(server, 'exit')]);
  if (!String(first).startsWith('ready')) throw new Error(`the server of the transcripts did not start: ${first}`);
  return server;
}

/** What each of the commands prints. One that ends in `&` runs until the page is over; what it prints stands below the next ones. */
function runAll(commands, folder) {
  const mark = '\u0001';
  const script = ["trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT"];
  let hasJob = false;
  for (const command of commands) {
    script.push(command);
    const socket = /tap .*?unix:(\S+)/.exec(command)?.[1];
    if (command.endsWith('&')) {
      hasJob = true;
      if (socket) script.push(`until [ -S ${socket} ]; do sleep 0.05; done`);
    }
    // A tap shows the end of a connection after the client has ended; the line keeps `$?`.
    script.push(`status=$?; ${hasJob ? 'sleep 0.3; ' : ''}printf '${mark}'; (exit $status)`);
  }
  const file = join(folder, 'page.sh');
  writeFileSync(file, `${script.join('\n')}\n`);
  const env = { PATH: `${folder}:${process.env.PATH}`, HOME: folder, NO_COLOR: '1' };
  const { stdout } = spawnSync('bash', ['-c', `exec 2>&1; . ./page.sh`], {
    cwd: folder,
    env,
    encoding: 'utf8',
    timeout: 120_000,
  });
  const outputs = stdout.split(mark);
  if (outputs.length !== commands.length + 1) {
    throw new Error(`a transcript ended after ${outputs.length - 1} of ${commands.length} commands:\n${stdout}`);
  }
  return outputs.map((text) => text.replaceAll(`${folder}/`, ''));
}
