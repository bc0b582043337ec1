/**
 * The rules of the contract, against the plugin as built; `npm run conformance` goes further and tells more. The hardware is
 * what machine.json says: the plugin's `platform.sysfs` reads that, so that no card is needed.
 */
import { conformanceSuite } from '@dpu-operator/sdk/conformance';
import { afterAll, describe, test } from 'vitest';
// #region contract:networkFunctions,chains
import { macOf } from '../src/memory-card.ts';
// #endregion
import machine from './machine.json' with { type: 'json' };

conformanceSuite({
  plugin: '.',
  machine,
  // #region contract:networkFunctions,chains
  nfMacs: [0, 1, 2, 3, 4, 5, 6, 7].map(macOf),
  // #endregion
  limits: { leakCalls: 200 },
}).register({ describe, test, afterAll });
