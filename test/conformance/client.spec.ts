import { describe, test } from '@jest/globals';
import { clientCases } from './cases/client/index.js';
import { runClientCase } from './run/client-case.js';
import { ourClient } from './targets/ours-client.js';

describe('client cases against our engine', () => {
  for (const [area, cases] of Object.entries(clientCases)) {
    describe(area, () => {
      for (const each of cases) {
        if (each.notAgainst?.ours !== undefined) continue;
        test(each.name, () => runClientCase(each, ourClient));
      }
    });
  }
});
