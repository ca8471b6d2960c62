/*
 * The mixed load (cluster-mixed, cluster-kills):
 *
 *   CLUSTER_REQUESTS=20000   that many requests instead of 2,000; from there on, 50 kills instead of 8
 *   CLUSTER_SEED=1           the order of a run that failed: each visitor does the same again, though not at the same moment
 *
 * The long variant takes minutes: CLUSTER_REQUESTS=20000 node --import tsx --test test/races/cluster*.test.ts
 */
export const requests = Number(process.env.CLUSTER_REQUESTS ?? 2_000)
export const seed = Number(process.env.CLUSTER_SEED ?? Date.now() % 1_000_000)

/** Milliseconds: so short that cookies are replaced all the time. */
export const rotateEvery = 200
