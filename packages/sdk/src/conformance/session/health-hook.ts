/** Makes something fail, and work again. */
export interface HealthHook {
  /** @param id of a device or a bridge port */
  fail(id: string): Promise<void>;
  repair(id: string): Promise<void>;
}
