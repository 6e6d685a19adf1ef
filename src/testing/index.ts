/**
 * Tests of ttrpc servers and clients without sockets.
 * @packageDocumentation
 */
export { fakeTtrpcContext, type FakeTtrpcContextOptions } from './fake-context.js';
export {
  fakeTtrpcService,
  FakeTtrpcService,
  type FakeCall,
  type FakeOutcome,
  type FakeScript,
  type FakeServiceOptions,
} from './fake-service.js';
export { createTtrpcTestingApp, TtrpcTestingApp, type TtrpcTestingOptions } from './testing-app.js';
