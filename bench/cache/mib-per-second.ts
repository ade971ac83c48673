/** The rate at which `work` handles so many bytes. */
export async function mibPerSecond(bytes: number, work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return bytes / 2 ** 20 / ((performance.now() - start) / 1000);
}
