/** The VSP broke a rule. */
export class Breach extends Error {
  override readonly name = 'Breach';
}

export class Skip extends Error {
  override readonly name = 'Skip';
}
