/** How much of a resource each network uses. An undefined network is this machine, which is not limited. */
export class Shares {
  private readonly byNetwork = new Map<string, number>();

  /** Adds to a network's share. A negative amount returns some of it. */
  add(network: string | undefined, amount: number): void {
    if (network === undefined) return;
    const left = this.of(network) + amount;
    if (left > 0) this.byNetwork.set(network, left);
    else this.byNetwork.delete(network);
  }

  of(network: string | undefined): number {
    return network === undefined ? 0 : (this.byNetwork.get(network) ?? 0);
  }
}
