import { expect, test } from 'vitest';
import { parseEnvironment } from './environment.ts';

test('a wrong environment names every variable', () => {
  expect(() => parseEnvironment({ LEADER_ELECTION: 'maybe', HEALTH_PORT: 'x' }, 'host')).toThrow(
    /LEADER_ELECTION: .*; HEALTH_PORT: /,
  );
});
