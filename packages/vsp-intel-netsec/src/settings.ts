/** What a user can set. Types, limits and defaults are the JSON schema's in package.json: the plugin host checks them. */
export interface Settings {
  /** Without it: 8, or all that a smaller card can have. */
  vfs?: number;
  netdevTimeoutSeconds: number;
  networkFunctionPorts: number;
  sfpPort: number;
  hostToHost: 'direct' | 'function';
  /** Without it, the plugin runs a switch of its own. */
  ovsDatabase?: string;
  daemonPort: number;
}
