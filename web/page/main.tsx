/** What a script adds to the pages that the server renders: buttons that copy, and pictures and QR codes on request. */
import { copyOnRequest } from "../shared/copy-buttons.ts";
import { showPicturesOnRequest } from "../shared/pictures.ts";
import { drawQrCodesOnRequest } from "../shared/qr-codes.ts";

copyOnRequest(document.body);
showPicturesOnRequest(document.body);
drawQrCodesOnRequest(document.body);
