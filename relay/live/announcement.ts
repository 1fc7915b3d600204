/** Announces a decision of the operators to every hub (NIP-86). */

/** Resolves when all hubs that answer have applied it. Returns the names of the hubs that did not answer. */
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
