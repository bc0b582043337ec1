/** Version of the contract in src/contract.ts that this SDK serves: 1.1.0 added ordered chains and the plugin's identity. */
export const contractVersion = '1.1.0';

/**
 * Whether this SDK serves what a manifest asks for.
 *
 * @param range An exact version or a caret range (`^1.2.0`: at least 1.2.0, below 2.0.0).
 */
export function servesContract(range: string, served: string = contractVersion): boolean {
  if (!range.startsWith('^')) return range === served;
  const [wanted, offered] = [parts(range.slice(1)), parts(served)];
  if (wanted.major !== offered.major) return false;
  return offered.minor > wanted.minor || (offered.minor === wanted.minor && offered.patch >= wanted.patch);
}

function parts(version: string): { major: number; minor: number; patch: number } {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  return { major, minor, patch };
}
