/** As the schema in package.json (`dpu.settings`) describes them; the plugin host has checked them. */
export interface Settings {
  /** Virtual functions until the operator asks for another number. */
  vfs: number;
  /** IPv4 address of the DPU's own node, as its host reaches it; the node itself where it is left out. */
  dpuIp?: string;
}
