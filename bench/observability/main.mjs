// What observing costs for each call: node bench/observability/main.mjs [--rounds N] [--calls N] [--only mode,mode] [--against <checkout>].
// Each measurement is a process of its own with a server and a client that call each other over a unix socket; rounds go
// through all of them in turn. `--against` adds the engine of another checkout, which must have its node_modules.
import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));
const child = fileURLToPath(new URL('measured.mjs', import.meta.url));
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    calls: { type: 'string', default: '20000' },
    only: { type: 'string' },
    against: { type: 'string' },
  },
});

const measured = [
  ...(values.against === undefined ? [] : [['before', resolve(values.against), 'off']]),
  ['nobody observes', root, 'off'],
  ['empty subscribers', root, 'channels'],
  ['callStats', root, 'stats'],
  ['nestjs-ttrpc/metrics', root, 'metrics'],
  ['OpenTelemetry', root, 'otel'],
  ['@grpc/grpc-js', root, 'grpc'],
  ['@grpc/grpc-js, OpenTelemetry', root, 'grpc-otel'],
].filter(([, , mode]) => values.only === undefined || values.only.split(',').includes(mode));

/** CPU time and wall time for a call, in µs, by measurement. */
const figures = new Map(measured.map(([name]) => [name, { cpu: [], wall: [] }]));
for (let round = 0; round < Number(values.rounds); round++) {
  for (const [name, from, mode] of round % 2 === 0 ? measured : [...measured].reverse()) {
    const register = join(from, 'scripts/typescript/register-sources.mjs');
    const output = execFileSync(process.execPath, ['--import', register, child, mode, values.calls], {
      encoding: 'utf8',
    });
    const { cpu, wall } = JSON.parse(output);
    figures.get(name).cpu.push(cpu);
    figures.get(name).wall.push(wall);
  }
}

const base = { OpenTelemetry: 'nobody observes', '@grpc/grpc-js, OpenTelemetry': '@grpc/grpc-js' };
console.log('| measured | CPU time of a call, µs | more, µs | wall time of a call, µs |');
console.log('| --- | ---: | ---: | ---: |');
for (const [name, { cpu, wall }] of figures) {
  const of = base[name] ?? (name.startsWith('@grpc') ? name : 'nobody observes');
  // Within a round both have met the same machine.
  const more = median(cpu.map((each, round) => each - figures.get(of).cpu[round]));
  console.log(
    `| ${name} | ${median(cpu).toFixed(1)} | ${of === name ? '' : more.toFixed(1)} | ${median(wall).toFixed(1)} |`,
  );
}

function median(all) {
  const sorted = [...all].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
}
