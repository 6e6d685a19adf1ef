import { describe, expect, it } from '@jest/globals';
import { registrationWarning } from '../../src/nri/time-limits.js';

describe('registrationWarning', () => {
  it('comes before the runtime loses its patience', () => {
    const plugin = { name: 'logger', index: '10' };
    expect(registrationWarning(plugin, 3749)).toBeUndefined();
    expect(registrationWarning(plugin, 3750)).toBe(
      'NRI: plugin 10-logger registers 3750 ms after its start; the runtime ends plugins that take longer than 5000 ms',
    );
  });
});
