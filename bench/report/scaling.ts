import { median, medianSample } from '../median.js';
import type { RowResult } from '../model.js';

/**
 * How the calls of a row grow with the workers, beside what the machine allows: server and client share its cores, so two
 * workers cannot handle more calls than the cores divided by the CPU that both sides use for a call.
 */
export function scalingLines({ scaling = [], samples }: RowResult, cores: number): string[] {
  return scaling.flatMap(({ one, two }) => {
    const single = samples[one];
    const double = samples[two];
    if (!single || !double) return [];
    const gained = median(single.map(({ perSecond }, round) => (double[round]?.perSecond ?? Number.NaN) / perSecond));
    const before = medianSample(single);
    const after = medianSample(double);
    const usedUs = after.serverCpuUs + after.clientCpuUs;
    const ceiling = (cores * 1e6) / usedUs / before.perSecond;
    const busy = (after.perSecond * usedUs) / 1e6;
    return [
      `${two}: ${gained.toFixed(2)} times the calls of one. With ${after.clientCpuUs.toFixed(0)} µs of the client and ` +
        `${after.serverCpuUs.toFixed(0)} of the server for each call ${cores} cores allow ${ceiling.toFixed(2)} times; ` +
        `${busy.toFixed(2)} cores were busy. A call costs the server ${(after.serverCpuUs / before.serverCpuUs).toFixed(2)} ` +
        `times as much as with one.`,
    ];
  });
}
