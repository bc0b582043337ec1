/**
 * The keys of a Secret or ConfigMap that a DataProcessingUnitConfig names. The host writes their content to no log, status
 * or environment variable.
 */
export interface MountedFiles {
  /**
   * The content of a key at present.
   *
   * @param key One of those that the manifest names.
   * @throws DpuError FAILED_PRECONDITION saying what the cluster operator has to set, where no DataProcessingUnitConfig
   * names the object, or it has no such key (yet); INVALID_ARGUMENT where the key is none.
   */
  read(key: string): Promise<string>;
  /**
   * Calls `onChange` whenever the content of a key may have changed: about a minute after the object has, as the kubelet
   * brings it. Returns a function that ends the watch; the end of the plugin does, too.
   *
   * @example
   * const stop = context.secrets.watch(() => void connectAnew());
   */
  watch(onChange: () => void): () => void;
}
