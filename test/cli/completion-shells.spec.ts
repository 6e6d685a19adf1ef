// Keys typed in each shell as a user has it: on a terminal (by script(1)), with the completion loaded as the docs say.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { RawServer } from '../../src/protocol/server/serve.js';
import { builtCommand } from '../support/built-command.js';
import { startProgram, type Program } from '../support/program.js';
import { TempFolder } from '../support/temp-folder.js';
import { serveReflecting } from './reflecting-server.js';

jest.setTimeout(20_000);

const folder = new TempFolder();
const url = folder.url();
let server: RawServer;

/** What starts each shell without the machine's own settings; Ctrl-X prints the line as it is, in marks, and empties it. */
const SHELLS: Readonly<Record<string, { start: string; file: string; settings: string }>> = {
  bash: {
    start: `bash --noprofile --rcfile ${folder.file('bashrc')} -i`,
    file: 'bashrc',
    settings: `PS1=
source <(ttrpc completion bash)
show() { echo "<$READLINE_LINE>"; READLINE_LINE=; }
bind -x '"\\C-x": show'
echo ready
`,
  },
  zsh: {
    start: `env ZDOTDIR=${folder.path} zsh -d -i`,
    file: '.zshrc',
    settings: `PS1=
autoload -Uz compinit
compinit -u -D
source <(ttrpc completion zsh)
show() { print -r -- "<$BUFFER>"; BUFFER= }
zle -N show
bindkey '^X' show
print ready
`,
  },
  fish: {
    start: `fish --no-config -C 'source ${folder.file('rc.fish')}' -i`,
    file: 'rc.fish',
    settings: `ttrpc completion fish | source
function fish_prompt; end
function show; echo "<"(commandline)">"; commandline ""; end
bind \\cx show
echo ready
`,
  },
};

const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;

const missing = ['script', ...Object.keys(SHELLS)].filter((program) => !has(program));
if (missing.length > 0) {
  process.stderr.write(`tests of completion are skipped in part: they need ${missing.join(', ')} in PATH\n`);
}

beforeAll(async () => {
  symlinkSync(await builtCommand(), folder.file('ttrpc'));
  mkdirSync(folder.file('files/my dir'), { recursive: true });
  writeFileSync(folder.file('files/my dir/two words.json'), '{}');
  symlinkSync(folder.file('s.sock'), folder.file('files/my dir/up.sock'));
  writeFileSync(folder.file('files/request.json'), '{}');
  server = await serveReflecting(url);
}, 120_000);
afterAll(async () => {
  await server.close();
  folder.remove();
});

for (const [name, { start, file, settings }] of Object.entries(SHELLS)) {
  // Not every machine has every shell; .ci/run brings them.
  (missing.includes('script') || missing.includes(name) ? describe.skip : describe)(`completion in ${name}`, () => {
    let shell: Program;

    beforeAll(async () => {
      writeFileSync(folder.file(file), settings);
      const path = [folder.path, process.env['PATH']].join(delimiter);
      shell = startProgram('script', ['-qec', start, '/dev/null'], {
        stdin: 'open',
        env: { ...process.env, PATH: path, TERM: 'xterm', HOME: folder.path, SHELL: '/bin/sh', GREETER: url },
        cwd: folder.file('files'),
      });
      await shell.shows('ready');
    });
    afterAll(async () => {
      // Whatever its line has: script(1) ends the shell with itself.
      shell.child.kill();
      await shell.ended;
    });
    let seen = 0;
    afterEach(() => {
      seen = shell.output().length;
    });

    /** The line after `keys` and a tab. */
    const completed = async (keys: string): Promise<string | undefined> => {
      shell.child.stdin?.write(`${keys}\t\u0018`);
      const line = /<(ttrpc [^\r\n]*)>\r?\n/;
      const { stdout } = shell.child;
      while (stdout && !line.test(shell.output().slice(seen))) await once(stdout, 'data');
      return line.exec(shell.output().slice(seen))?.[1]?.trimEnd();
    };

    test.each([
      ['a command', 'ttrpc des', 'ttrpc describe'],
      ['a flag', 'ttrpc call --max', 'ttrpc call --max-time'],
      ['the socket of a server', `ttrpc call ${folder.file('s.so')}`, `ttrpc call ${folder.file('s.sock')}`],
      ['a socket behind unix:', `ttrpc call unix:${folder.file('s.so')}`, `ttrpc call unix:${folder.file('s.sock')}`],
      ['a socket behind unix://', `ttrpc call ${url.slice(0, -2)}`, `ttrpc call ${url}`],
      ['a file of requests', 'ttrpc call -d @req', 'ttrpc call -d @request.json'],
      ['a service', `ttrpc call ${url} demo`, `ttrpc call ${url} demo.v1.Greeter/`],
      ['a method', `ttrpc call ${url} demo.v1.Greeter/S`, `ttrpc call ${url} demo.v1.Greeter/SayHello`],
      [
        'a method behind words in quotes',
        `ttrpc call -H 'tenant: a b' -d '{"firstName": "Ada"}' ${url} demo.v1.Greeter/S`,
        `ttrpc call -H 'tenant: a b' -d '{"firstName": "Ada"}' ${url} demo.v1.Greeter/SayHello`,
      ],
      ['a flag with one dash', 'ttrpc call -max', 'ttrpc call -max-time'],
      ['a value behind =', 'ttrpc bench --format=js', 'ttrpc bench --format=json'],
      ['a file behind =', 'ttrpc call --proto=req', 'ttrpc call --proto=request.json'],
      ['a file of requests behind =', 'ttrpc call -d=@req', 'ttrpc call -d=@request.json'],
      ['a file with a space', 'ttrpc call -d @my\\ dir/tw', 'ttrpc call -d @my\\ dir/two\\ words.json'],
      ['a socket with a space', 'ttrpc call unix:my\\ dir/u', 'ttrpc call unix:my\\ dir/up.sock'],
      ['a socket in quotes', 'ttrpc call "unix:my dir/u', 'ttrpc call "unix:my dir/up.sock"'],
      [
        'a method of a socket with a space',
        'ttrpc call unix:my\\ dir/up.sock demo.v1.Greeter/S',
        'ttrpc call unix:my\\ dir/up.sock demo.v1.Greeter/SayHello',
      ],
      ['a method in quotes', `ttrpc call ${url} "demo.v1.Greeter/S`, `ttrpc call ${url} "demo.v1.Greeter/SayHello"`],
      ['a method of an address in a variable', 'ttrpc call $GREETER demo', 'ttrpc call $GREETER demo.v1.Greeter/'],
      ['a method of an address in the home', 'ttrpc call ~/s.sock demo', 'ttrpc call ~/s.sock demo.v1.Greeter/'],
    ])('%s', async (_what, keys, expected) => {
      expect(await completed(keys)).toBe(expected);
    });
  });
}
