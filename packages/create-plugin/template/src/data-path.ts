// #region contract:bridge,networkFunctions,chains
/**
 * Makes the card match what is wanted, one object after the other. A card that takes a whole table at once is easier:
 * make the table of `wanted`, and hand it over.
 */
import {
  type ApplyCall,
  applyEach,
  type DataPath,
  type DataPathKind,
  // #region contract:bridge
  logicalBridgesOf,
  // #endregion
  type Outcomes,
  type Wanted,
} from '@dpu-operator/sdk';
import type { Card, Report } from './card.ts';

export class CardDataPath implements DataPath {
  readonly serves: readonly DataPathKind[] = [
    // #region contract:bridge
    'bridge',
    // #endregion
    // #region contract:networkFunctions
    'networkFunctions',
    // #endregion
    // #region contract:chains
    'chains',
    // #endregion
  ];
  readonly #card: Card;
  #hasLeftovers = true;

  constructor(card: Card) {
    this.#card = card;
  }

  /** What fails is told of that object alone: the host takes it back, and answers whoever asked for it. */
  async apply(wanted: Wanted, call: ApplyCall): Promise<Outcomes> {
    const card = this.#card;
    const outcomes = await applyEach(call, async ({ kind, name, after }) => {
      const report: Report = (outcome) => call.report(name, outcome);
      // #region contract:bridge
      if (kind === 'logicalBridge') await (after ? card.setBridge(after) : card.removeBridge(name));
      if (kind === 'bridgePort') {
        if (after) return card.setPort(after, logicalBridgesOf(wanted, after), report);
        await card.removePort(name);
      }
      // #endregion
      // #region contract:networkFunctions
      if (kind === 'networkFunction') {
        if (after) return card.setFunction(name, after, report);
        await card.removeFunction(name);
      }
      // #endregion
      // #region contract:chains
      if (kind === 'serviceChain') {
        if (after) return card.setChain(after, report);
        await card.removeChain(name);
      }
      // #endregion
      return undefined;
    });
    // Before it is known that all is in `wanted`, pods use what seems to be left over.
    if (call.complete && this.#hasLeftovers) {
      await card.removeAllBut(wanted);
      this.#hasLeftovers = false;
    }
    return outcomes;
  }
  // #region contract:bridge

  down(): Promise<string[]> {
    return this.#card.portsDown();
  }
  // #endregion
}
// #endregion
