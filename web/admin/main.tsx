import { render } from "preact";
import { signInAgain } from "../shared/signer/current.ts";
import { Admin } from "./admin.tsx";

const view = document.querySelector("#view");
if (view) {
  await signInAgain();
  render(<Admin />, view);
}
