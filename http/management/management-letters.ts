/** The methods of the management API for dead letters. The aggregator queues those that are to be tried again. */
import type { LetterChange } from "../../store/letters/letter-list.ts";
import { answer, type Decision, type Method, refuse } from "../decision.ts";

type LetterMethod = "listdeadletters" | "showdeadletter" | "redrivedeadletters" | "purgedeadletters";

const NONE = "there are no such dead letters: listdeadletters lists them";

export const LETTER_DECISIONS: { [Name in LetterMethod]: Method<Name> } = {
  listdeadletters: async ([limit, upstream, after], { store }) =>
    answer(await store.letters({ limit, upstream, after })),

  showdeadletter: async ([id], { store }) => {
    const letter = await store.letter(id);
    return letter ? answer(letter) : refuse(`there is no dead letter ${id}: listdeadletters lists them`);
  },

  redrivedeadletters: async ([which], { store }) => {
    const { letters, kept } = await store.countLetters(which);
    if (letters === 0) return refuse(NONE);
    const lost = letters - kept;
    const without = `${counted(lost)} without the event, which was too large to keep`;
    if (kept === 0) return refuse(`${without}: only a pull can bring it again`);
    const said = `${counted(kept)} will be tried again within about a minute`;
    return change({ do: "redrive-letters", which }, lost === 0 ? said : `${said}; there are ${without}`);
  },

  purgedeadletters: async ([which], { store }) => {
    const { letters } = await store.countLetters(which);
    if (letters === 0) return refuse(NONE);
    return change({ do: "purge-letters", which }, `${counted(letters)} removed`);
  },
};

function change(one: LetterChange, said: string): Decision {
  return { kind: "change", changes: [one], isForAggregator: true, holds: async () => said };
}

function counted(letters: number): string {
  return letters === 1 ? "1 dead letter" : `${letters} dead letters`;
}
