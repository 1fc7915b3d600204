/** Tells every hub that the operators decided something (NIP-86). */

/** Resolves, when it holds wherever it could be told, with the names of the hubs that did not answer. */
export async function announceModeration(
  hubs: string[],
  tell: (hub: string) => Promise<void>,
  report: (error: unknown) => void,
): Promise<string[]> {
  const answers = await Promise.allSettled(hubs.map((hub) => tell(hub)));
  return hubs.filter((_, at) => {
    const answer = answers[at];
    if (answer?.status === "rejected") report(answer.reason);
    return answer?.status === "rejected";
  });
}
