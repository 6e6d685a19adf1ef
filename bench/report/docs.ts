import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import type { Results } from '../results/results.js';
import { TARGET_HEADER, targetLines } from '../targets/targets-table.js';
import { charts, type Chart } from './charts/charts.js';
import { figureLines, growthText } from './figure-table.js';
import { markdownTable } from './markdown.js';
import { scalingLines } from './scaling.js';
import { leftOutLines, ROW_HEADER, rowLines } from './row-table.js';

const docsFolder = fileURLToPath(new URL('../../../docs/maintainers', import.meta.url));
const PAGE = join(docsFolder, 'benchmarks.md');
const FOLDER = join(docsFolder, 'benchmarks');

/** Writes docs/maintainers/benchmarks.md, its charts and the results themselves, in place of what was there. */
export async function writeDocs(results: Results): Promise<void> {
  const drawn = await charts(results);
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  for (const { file, svg } of drawn) writeFileSync(join(FOLDER, file), svg);
  writeFileSync(join(FOLDER, 'results.json'), `${JSON.stringify(results)}\n`);
  const config = await resolveConfig(PAGE);
  writeFileSync(PAGE, await format(page(results, drawn), { ...config, parser: 'markdown' }));
  console.log(`written: ${PAGE}`);
}

function page(results: Results, drawn: readonly Chart[]): string {
  const { machine, versions, date, command, seconds } = results;
  const missing = (parts: string[]): string => parts.map((part) => `- ${part.replaceAll('\n', ' ')}`).join('\n');
  const sections = [
    `# Benchmarks

This page is written by the bench; do not edit it. To do it again:

\`\`\`sh
${command}
\`\`\`

It took ${Math.round(seconds / 60)} minutes. ${date}, ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}. ${Object.entries(
      versions,
    )
      .map(([name, version]) => `${name} ${version.replace(`${name} `, '')}`)
      .join(', ')}.

## How it is measured

- Every peer is a process of its own, built from its published modules, with its default options, limits on. Node runs our compiled package (ES modules) with \`NODE_ENV=production\`. Client and server talk over a unix socket and share the machine's cores; nothing is pinned to a core.
- Each figure is the median of several rounds. A round measures all pairs of a table one after the other, so that whatever else the machine does hits all alike; ratios are medians of the rounds' ratios. Each table has fresh processes, warmed up before the first round: with small messages, so that a process is as compiled as one that has run for a while, then with those of the table. Then the heaps of Node servers and clients are collected as a whole, as V8 does to every process that is idle or runs for minutes (from then on it collects more often), and they are warmed up again. A pair is idle while others are measured.
- Every request carries a value of its own that its response must repeat. Every response is checked, its body byte by byte. An error or a wrong response ends the pair.
- CPU is user and system time of the process for each call or message: the server's from the scheduler's counters, the client's by \`getrusage\`.
- Memory is resident memory. That of a connection is what a server that has answered 20,000 calls grows by for 1,000 connections with one call each; Node's servers have collected their garbage before and after.
- \`go-ttrpc\` is containerd's ttrpc, \`rust-ttrpc\` the ttrpc crate (one thread: with more its streams lose their order), \`grpc-go\` and \`grpc-js\` gRPC for Go and Node, \`nest-tcp\` and \`nest-grpc\` Nest's own transports, \`nest-ttrpc\` this package in a Nest application with a decorated controller (guards, pipes and interceptors work on the measured methods), \`nest-ttrpc-heap\` the same started as \`node --heap-growing-percent=300\` ([Performance](../performance.md) says why), \`engine\` its protocol engine without Nest. \`floor\` is the least that Node needs: ${'`'}bench/node/servers/floor.ts${'`'}, a frame parser that answers with the payload and does nothing else; \`nest-floor\` is that parser in a Nest application, in the place of a transport: no transport of Nest can start faster. Nest TCP carries JSON; its bodies are text of the same length.`,
  ];
  const reached = targetLines(results);
  if (reached.length > 0) {
    sections.push(`## What it is held to\n\n${markdownTable(TARGET_HEADER, reached)}`);
  }
  if (drawn.length > 0) {
    sections.push(`## Charts\n\n${drawn.map(({ file, title }) => `![${title}](benchmarks/${file})`).join('\n\n')}`);
  }
  sections.push('## All rows\n\n`rate : 1st` and `server CPU : 1st` compare with the first line of a table.');
  for (const row of results.rows) {
    const table = markdownTable(ROW_HEADER, rowLines(row));
    const notes = [...scalingLines(row, machine.cores), ...leftOutLines(row)];
    sections.push(`### ${row.title}\n\n\`${row.id}\`\n\n${table}\n\n${missing(notes)}`);
  }
  for (const figure of results.figures) {
    const table = markdownTable(['server', ...figure.figures], figureLines(figure));
    sections.push(
      `### ${figure.title}\n\n\`${figure.id}\`\n\n${table}\n\n${growthText(figure)}\n\n${missing(leftOutLines(figure))}`,
    );
  }
  return sections.join('\n\n');
}
