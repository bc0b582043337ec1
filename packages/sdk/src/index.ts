/** Everything a vendor needs to write a plugin. */
export * from './contract.ts';
export * from './errors.ts';
