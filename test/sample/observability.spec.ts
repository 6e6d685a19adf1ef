import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { TtrpcMetricsSnapshot } from '../../src/metrics/index.js';
import { buildPrometheusParser, hasPrometheusParser, parsePrometheus, sampleOf } from '../metrics/parse-prometheus.js';
import { startProgram, type Program } from '../support/program.js';
import { TempFolder } from '../support/temp-folder.js';
import { BUILD_LIMIT_MS, buildSample, mainOf } from './built-sample.js';

const folder = new TempFolder();
const parser = folder.file('parse');
let sample: Program | undefined;

beforeAll(async () => {
  await buildSample('observability');
  await buildPrometheusParser(parser);
}, BUILD_LIMIT_MS);

afterAll(async () => {
  await sample?.kill();
  folder.remove();
});

(hasPrometheusParser ? it : it.skip)(
  'serves the metrics of its calls to Prometheus, by OpenTelemetry and without it, and as an object',
  async () => {
    sample = startProgram(process.execPath, ['--enable-source-maps', mainOf('observability'), '0']);
    await sample.shows('\n');
    const [base = ''] = /http:\S+/.exec(sample.output()) ?? [];
    const get = async (path: string): Promise<{ status: number; type: string | null; text: string }> => {
      const response = await fetch(new URL(path, base));
      return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
    };
    for (let order = 1; order <= 4; order++) {
      const { text } = await get('/order?item=tea&count=2');
      expect(JSON.parse(text)).toEqual(['packed', 'sent', 'delivered'].map((what) => `order-${order}: ${what}`));
    }
    for (let order = 0; order < 3; order++) expect(await get('/order?item=tea&count=0')).toMatchObject({ status: 400 });
    expect(await get('/order?item=nowhere&count=1')).toMatchObject({ status: 504 });
    const stats = async (): Promise<TtrpcMetricsSnapshot> =>
      JSON.parse((await get('/stats')).text) as TtrpcMetricsSnapshot;
    // The server acts on the deadline 10 ms after the client.
    while ((await stats()).servers['orders']?.calls !== 0);

    const expected = { OK: 4, INVALID_ARGUMENT: 3, DEADLINE_EXCEEDED: 1 };
    const byOpenTelemetry = await get('/metrics');
    expect(byOpenTelemetry.type).toMatch(/^text\/plain/);
    const conventional = await parsePrometheus(parser, byOpenTelemetry.text);
    const plain = await get('/metrics/ttrpc');
    expect(plain.type?.split('; ').sort()).toEqual(['charset=utf-8', 'text/plain', 'version=0.0.4']);
    const own = await parsePrometheus(parser, plain.text, { lint: true });
    for (const side of ['client', 'server']) {
      for (const [code, count] of Object.entries(expected)) {
        const method = { rpc_method: 'demo.orders.v1.Orders/Place', rpc_status_code: code };
        expect(sampleOf(conventional, `rpc_${side}_call_duration`, method)).toMatchObject({ value: count });
        const place = { service: 'demo.orders.v1.Orders', method: 'Place', code };
        expect(sampleOf(own, `ttrpc_${side}_call_duration_seconds`, place)).toMatchObject({ value: count });
      }
      const follow = { service: 'demo.orders.v1.Orders', method: 'Follow' };
      const messages = side === 'server' ? 'messages_sent_total' : 'messages_received_total';
      expect(sampleOf(own, `ttrpc_${side}_${messages}`, follow).value).toBe(12);
    }
    expect((await stats()).server.methods).toMatchObject([
      { method: 'Place', started: 8, inFlight: 0, timeouts: 1, codes: { OK: { count: 4 } } },
      { method: 'Follow', started: 4, messagesSent: 12 },
    ]);

    sample.child.kill('SIGTERM');
    // The gateway's filter logs the call that has timed out, and nothing else is said.
    const { stderr } = await sample.ended;
    expect(stderr.split('\n')).toEqual([expect.stringContaining('DEADLINE_EXCEEDED'), '']);
  },
  BUILD_LIMIT_MS,
);
