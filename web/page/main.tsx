/** What a script adds to the pages that the server renders: buttons that copy, and pictures on request. */
import { copyOnRequest } from "../shared/copy-buttons.ts";
import { showPicturesOnRequest } from "../shared/pictures.ts";

copyOnRequest(document.body);
showPicturesOnRequest(document.body);
