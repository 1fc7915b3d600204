/** What a script adds to Explore. The page itself works without it. */
import { render } from "preact";
import { copyOnRequest } from "../shared/copy-buttons.ts";
import { showPicturesOnRequest } from "../shared/pictures.ts";
import { Tools } from "./tools.tsx";

copyOnRequest(document.body);
showPicturesOnRequest(document.body);

if (matchMedia("(min-width: 60rem)").matches) document.querySelector(".filters")?.setAttribute("open", "");

// Fields that are empty need not be in the address.
addEventListener("formdata", ({ formData }) => {
  const filled = [...formData].filter(([, value]) => value !== "");
  for (const name of new Set(formData.keys())) formData.delete(name);
  for (const [name, value] of filled) formData.append(name, value);
});

const tools = document.querySelector("#tools");
const parameters = new URLSearchParams(location.search);
for (const name of ["cursor", "back", "limit"]) parameters.delete(name);
if (tools && !document.querySelector("#filter-problem")) render(<Tools parameters={parameters} />, tools);
