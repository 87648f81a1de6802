// Built from page/src by "npm run build"; sources 46dcb110d2d7de6e91914774f997d1ff684a580280c9ab8284172a096e9f3520

// src/api.ts
var Refused = class extends Error {
  constructor(status, sentence, retryAfterS) {
    super(sentence);
    this.status = status;
    this.retryAfterS = retryAfterS;
  }
  status;
  retryAfterS;
};
var csrf = null;
async function send(path, init = {}) {
  const headers = new Headers(init.headers);
  if (csrf !== null && init.method !== void 0) headers.set("X-CSRF-Token", csrf);
  let answer;
  try {
    answer = await fetch(path, { ...init, headers, credentials: "same-origin" });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Refused(0, "The server is not reached.", 2);
  }
  return answer;
}
async function refused(answer) {
  const wait = Number(answer.headers.get("Retry-After"));
  let sentence = `${answer.status} ${answer.statusText}`;
  try {
    sentence = String((await answer.json()).error ?? sentence);
  } catch {
  }
  return new Refused(answer.status, sentence, wait > 0 ? wait : null);
}
async function json(path, init) {
  const answer = await send(path, init);
  if (!answer.ok) throw await refused(answer);
  return await answer.json();
}
var body = (value, headers = {}) => ({
  method: "POST",
  body: JSON.stringify(value),
  headers: { "Content-Type": "application/json", ...headers }
});
async function me() {
  const found = await json("/v1/me");
  csrf = found.csrf;
  return found;
}
async function logIn(key) {
  const answer = await send("/session", body({ key }));
  if (!answer.ok) throw await refused(answer);
}
async function logOut() {
  await send("/session", { method: "DELETE" });
}
var findings = (filters) => json(`/v1/findings?${filters}`);
var finding = (id) => json(`/v1/findings/${id}`);
var reviews = (id) => json(`/v1/findings/${id}/reviews`);
var trend = (id) => json(`/v1/findings/${id}/trend`);
var setPlace = (id, place) => json(`/v1/findings/${id}/place`, { ...body({ place }), method: "PUT" });
var detectors = () => json("/v1/detectors");
var scores = (filters) => json(`/v1/findings/scores?${filters}`);
var review = (found, decision, tags, comment) => json("/v1/reviews", body({ finding_id: found.id, decision, tags, comment }, { "If-Match": `"${found.version}"` }));
async function correct(found, mask, scale) {
  const bytes = new Uint8Array(await mask.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  const wanted = { finding_id: found.id, decision: "correct", mask: btoa(text), scale };
  return json("/v1/reviews", body(wanted, { "If-Match": `"${found.version}"` }));
}
async function correctedMask(id) {
  const answer = await send(`/v1/findings/${id}/corrected`);
  if (!answer.ok) throw await refused(answer);
  return answer.blob();
}
async function inspect(file, name, fields2, signal) {
  const form = new FormData();
  form.append("file", file, name);
  for (const [key, value] of Object.entries(fields2)) if (value) form.append(key, value);
  const answer = await send("/v1/inspect", { method: "POST", body: form, signal });
  if (answer.ok || answer.status === 422) {
    const said = await answer.json();
    if (said.results) return said.results[0];
    throw new Refused(answer.status, String(said.error), null);
  }
  throw await refused(answer);
}
async function addDetector(file) {
  const form = new FormData();
  form.append("file", file);
  await json("/v1/detectors", { method: "POST", body: form });
}
var activate = (name, sha) => json(`/v1/detectors/${name}/activate`, body({ sha }));
var rollBack = (name) => json(`/v1/detectors/${name}/roll-back`, { method: "POST" });
var scoreHistory = (detector) => json(`/v1/detectors/${detector}/drift`);
var trainings = () => json("/v1/trainings");
var beginTraining = (detector, method, profile) => json("/v1/trainings", body({ detector, method, profile }));
var cancelTraining = (id) => json(`/v1/trainings/${id}`, { method: "DELETE" });
var activateTrained = (id) => json(`/v1/trainings/${id}/activate`, { method: "POST" });
var honeypots = () => json("/v1/honeypots");
async function setHoneypot(id, truth) {
  const answer = await send(`/v1/honeypots/${id}`, { ...body({ truth }), method: "PUT" });
  if (!answer.ok) throw await refused(answer);
}
var jobs = () => json("/v1/jobs");
var cancelJob = (id) => json(`/v1/jobs/${id}`, { method: "DELETE" });
async function beginJob(archive) {
  const form = new FormData();
  form.append("archive", archive);
  return json("/v1/jobs", { method: "POST", body: form });
}
var keys = () => json("/v1/keys");
var giveKey = async (name, role) => (await json("/v1/keys", body({ name, role }))).key;
var audit = (before) => json(`/v1/audit${before ? `?before=${before}` : ""}`);
async function revokeKey(id) {
  const answer = await send(`/v1/keys/${id}`, { method: "DELETE" });
  if (!answer.ok) throw await refused(answer);
}

// src/dom.ts
function el(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === void 0 || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (/^aria[A-Z]/.test(name)) made.setAttribute(`aria-${name.slice(4).toLowerCase()}`, String(value));
    else if (name in made && name !== "list") made[name] = value;
    else made.setAttribute(name === "className" ? "class" : name, value === true ? "" : String(value));
  }
  made.append(...children.filter((child) => !!child || child === ""));
  return made;
}
var byId = (id) => document.getElementById(id);
function replace(parent, ...children) {
  parent.replaceChildren(...children.filter((child) => !!child));
}
function table(name, heads, rows) {
  return el(
    "div",
    { className: "table", tabIndex: 0, role: "region", ariaLabel: name },
    el(
      "table",
      {},
      el("thead", {}, el("tr", {}, ...heads.map((head) => el("th", { scope: "col" }, head)))),
      el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map((cell) => el("td", {}, cell)))))
    )
  );
}
var saying = 0;
function say(sentence, kind = "plain", action) {
  const line = byId("said");
  const button = action ? el("button", { type: "button", onclick: action[1] }, action[0]) : null;
  replace(line, el("span", {}, sentence), button);
  line.className = kind;
  line.hidden = false;
  window.clearTimeout(saying);
  saying = window.setTimeout(() => line.hidden = true, kind === "bad" ? 12e3 : 6e3);
}

// src/words.ts
var WORDS = {
  drop: ["Drop photos or a folder here", "사진이나 폴더를 여기에 놓으세요"],
  chooseFiles: ["Choose photos", "사진 선택"],
  chooseFolder: ["Choose a folder", "폴더 선택"],
  findings: ["Findings", "검사 결과"],
  detectors: ["Detectors", "검출기"],
  detector: ["Detector", "검출기"],
  mmPerPx: ["mm per pixel", "픽셀당 mm"],
  language: ["한국어", "English"],
  dark: ["Dark or light", "어둡게/밝게"],
  logIn: ["Log in", "로그인"],
  logOut: ["Log out", "로그아웃"],
  keyWanted: ["This server wants a key.", "이 서버는 키가 필요합니다."],
  key: ["API key", "API 키"],
  cancel: ["Cancel", "취소"],
  retry: ["Try again", "다시 시도"],
  inspected: ["{0} of {1} inspected", "{1}장 중 {0}장 검사 완료"],
  left: ["about {0} s left", "약 {0}초 남음"],
  failed: ["{0} could not be inspected", "{0}장 검사 불가"],
  done: ["{0} photos inspected.", "{0}장을 검사했습니다."],
  cancelled: ["Cancelled; {0} photos were inspected.", "취소됨: {0}장을 검사했습니다."],
  reject: ["reject", "불합격"],
  review: ["review", "재검토"],
  unusable: ["unusable", "판정 불가"],
  "unknown surface": ["unknown surface", "미지의 표면"],
  pass: ["pass", "합격"],
  none: ["no verdict", "판정 없음"],
  open: ["open", "미결"],
  approved: ["confirmed", "확인됨"],
  rejected: ["dismissed", "기각됨"],
  corrected: ["corrected", "수정됨"],
  allStates: ["all states", "모든 상태"],
  search: ["Search by name", "이름으로 검색"],
  worst: ["worst first", "심한 순"],
  newest: ["newest first", "최신 순"],
  order: ["Order", "정렬"],
  state: ["State", "상태"],
  more: ["Show more", "더 보기"],
  empty: ["Nothing here yet.", "아직 결과가 없습니다."],
  shown: ["{0} of {1} shown", "{1}건 중 {0}건 표시"],
  exportAs: ["Export", "내보내기"],
  score: ["score", "점수"],
  pValue: ["p-value", "p-값"],
  close: ["Back to all (Esc)", "목록으로 (Esc)"],
  previous: ["Previous (←)", "이전 (←)"],
  next: ["Next (→)", "다음 (→)"],
  layers: ["Layers", "레이어"],
  map: ["Anomaly map (M)", "이상 지도 (M)"],
  mapOpacity: ["Opacity of the anomaly map", "이상 지도 투명도"],
  mask: ["Outline (L)", "윤곽 (L)"],
  skeleton: ["Centre lines (S)", "중심선 (S)"],
  widths: ["Widths (W)", "폭 (W)"],
  pixelThreshold: ["Pixel threshold", "픽셀 임계값"],
  scoreThreshold: ["Reject from this score on", "이 점수부터 불합격"],
  whatIf: ["What if the threshold were elsewhere?", "임계값을 옮기면?"],
  whatIfSaid: [
    "{0} reject, {1} not. Only shown here: the detector stays as it is.",
    "불합격 {0}, 그 외 {1}. 여기서만 보이며 검출기는 그대로입니다."
  ],
  reset: ["Reset", "초기화"],
  area: ["would be outlined: {0} % of the image", "윤곽 면적: 이미지의 {0} %"],
  measurements: ["Measurements", "측정값"],
  crack: ["crack", "균열"],
  length: ["length", "길이"],
  meanWidth: ["mean width", "평균 폭"],
  maxWidth: ["max width", "최대 폭"],
  direction: ["direction", "방향"],
  grade: ["grade", "등급"],
  region: ["region", "영역"],
  regionArea: ["area, px", "면적, px"],
  nothingFound: ["Nothing was outlined.", "윤곽이 없습니다."],
  decide: ["Decide", "판정"],
  right: ["Right (A)", "맞음 (A)"],
  wrong: ["Wrong (R)", "틀림 (R)"],
  reopen: ["Reopen (O)", "다시 열기 (O)"],
  undo: ["Undo (U)", "실행 취소 (U)"],
  undone: ["Undone.", "취소했습니다."],
  nothingToUndo: ["There is nothing to undo.", "취소할 것이 없습니다."],
  tags: ["Tags", "태그"],
  tagList: ["dirt, shadow, joint, repair, missed defect", "오염, 그림자, 이음매, 보수, 미검출"],
  comment: ["Comment", "의견"],
  history: ["History", "이력"],
  decidedSince: ["Somebody else has decided since; this is how it stands now.", "다른 사람이 먼저 판정했습니다. 현재 상태를 표시합니다."],
  fit: ["Fit (0)", "맞춤 (0)"],
  zoomIn: ["Zoom in (+)", "확대 (+)"],
  zoomOut: ["Zoom out (−)", "축소 (−)"],
  download: ["Original file", "원본 파일"],
  notes: ["Notes", "참고"],
  version: ["version", "버전"],
  active: ["active", "사용 중"],
  activate: ["Activate", "사용"],
  rollBack: ["Roll back", "되돌리기"],
  upload: ["Upload a .blemish file", ".blemish 파일 올리기"],
  uploading: ["Checking and trying out …", "확인 및 시험 중 …"],
  addedBy: ["added by", "추가한 사람"],
  thresholds: ["Thresholds", "임계값"],
  card: ["Model card", "모델 카드"],
  notCalibrated: ["not calibrated", "보정 안 됨"],
  training: ["Training", "학습"],
  trainingHelp: [
    "Learn from the images that people have decided about. A fifth of them is kept aside; on it the old and the new detector are compared.",
    "사람이 판정한 이미지로 학습합니다. 그중 5분의 1은 남겨 두고 기존 검출기와 새 검출기를 비교합니다."
  ],
  engineersTrain: ["A key of an engineer is needed to train.", "학습하려면 엔지니어 키가 필요합니다."],
  method: ["Method", "방법"],
  profile: ["Profile", "프로필"],
  quickProfile: ["quick", "빠름"],
  paperProfile: ["as published", "논문대로"],
  beginTraining: ["Train", "학습 시작"],
  noTrainings: ["Nothing was trained here yet.", "아직 학습한 것이 없습니다."],
  trainingRuns: ["training", "학습 중"],
  trainingCompares: ["comparing old and new", "기존과 새 검출기 비교 중"],
  oldAndNew: ["Old and new detector", "기존 검출기와 새 검출기"],
  onTheSame: ["on the same images", "같은 이미지에서"],
  oldDetector: ["old", "기존"],
  newDetector: ["new", "새"],
  falseAlarms: ["false alarms", "오경보"],
  defectsFound: ["defects found", "검출한 결함"],
  rate: ["{0} of {1} ({2} to {3} %)", "{1}건 중 {0}건 ({2}–{3} %)"],
  noWorse: ["On these {0} images the new detector is no worse. Bounds are exact, each with 95 % confidence.", "이 이미지 {0}장에서 새 검출기가 더 나쁘지 않습니다. 범위는 정확 한계이며 각각 신뢰도 95 %입니다."],
  isWorse: ["On these {0} images the new detector is worse, so it is not activated here.", "이 이미지 {0}장에서 새 검출기가 더 나쁘므로 여기서 사용하지 않습니다."],
  keys: ["Keyboard (?)", "단축키 (?)"],
  keyHelp: [
    "← → or J K: previous, next · A: right · R: wrong · C: correct · T: other dates · O: reopen · U: undo · M L S W: layers · + − 0: zoom · Esc: all",
    "← → 또는 J K: 이전, 다음 · A: 맞음 · R: 틀림 · C: 수정 · T: 다른 날짜 · O: 다시 열기 · U: 취소 · M L S W: 레이어 · + − 0: 확대/축소 · Esc: 목록"
  ],
  pages: ["Pages", "페이지"],
  jobs: ["Jobs", "작업"],
  job: ["job", "작업"],
  beginJob: ["Begin a job with a zip of images", "이미지 zip으로 작업 시작"],
  noJobs: ["No job has been begun.", "시작된 작업이 없습니다."],
  itsFindings: ["Its findings", "작업 결과 보기"],
  waiting: ["waiting", "대기 중"],
  running: ["running", "진행 중"],
  jobDone: ["done", "완료"],
  jobCancelled: ["cancelled", "취소됨"],
  jobFailed: ["failed", "실패"],
  apiKeys: ["Keys", "키"],
  keyOf: ["Whose", "사용자"],
  role: ["Role", "역할"],
  operator: ["operator", "작업자"],
  engineer: ["engineer", "엔지니어"],
  admin: ["admin", "관리자"],
  giveKey: ["Give a key", "키 발급"],
  givenOnce: ["Copy it now, it is shown this once:", "지금 복사하세요. 한 번만 표시됩니다:"],
  created: ["Created", "생성"],
  revoke: ["Revoke", "폐기"],
  revoked: ["revoked", "폐기됨"],
  revokeAsked: ["Revoke the key of {0}? That cannot be undone.", "{0}의 키를 폐기할까요? 되돌릴 수 없습니다."],
  auditLog: ["Audit log", "감사 기록"],
  when: ["When", "시각"],
  who: ["Who", "사용자"],
  address: ["Address", "주소"],
  act: ["Act", "행위"],
  what: ["What", "대상"],
  correct: ["Correct what was outlined", "윤곽 수정"],
  correctKey: ["Correct (C)", "수정 (C)"],
  tools: ["Tools", "도구"],
  move: ["Move", "이동"],
  brush: ["Brush", "브러시"],
  eraser: ["Eraser", "지우개"],
  polygon: ["Polygon", "다각형"],
  lines: ["Centre line", "중심선"],
  scale: ["Scale", "축척"],
  moveSaid: ["Drag to move the photo.", "끌어서 사진을 이동합니다."],
  brushSaid: ["Paint what is defective.", "결함 부분을 칠하세요."],
  eraserSaid: ["Take away what is not.", "결함이 아닌 부분을 지우세요."],
  polygonSaid: ["Click its corners, then Finish.", "꼭짓점을 누른 뒤 완료를 누르세요."],
  linesSaid: [
    "Click a line to move its points or to remove it; click elsewhere to draw a new one, then Finish.",
    "선을 눌러 점을 옮기거나 삭제하고, 빈 곳을 눌러 새 선을 그린 뒤 완료를 누르세요."
  ],
  scaleSaid: ["Click two places whose distance you know.", "거리를 아는 두 점을 누르세요."],
  scalePx: ["The two points are {0} px apart.", "두 점의 거리: {0} px."],
  scaleMm: ["That is {0} mm per pixel.", "픽셀당 {0} mm입니다."],
  strokeWidth: ["Width", "굵기"],
  removes: ["take away instead (X)", "지우기 (X)"],
  lengthMm: ["True distance, mm", "실제 거리, mm"],
  finishShape: ["Finish", "완료"],
  removeShape: ["Remove", "삭제"],
  undoStep: ["Undo", "실행 취소"],
  redoStep: ["Redo", "다시 실행"],
  detectorsOutline: ["As the detector outlined it", "검출기 윤곽으로"],
  save: ["Save", "저장"],
  leave: ["Leave (Esc)", "나가기 (Esc)"],
  discardAsked: ["Leave without saving?", "저장하지 않고 나갈까요?"],
  decidedMeanwhile: ["Somebody else has decided meanwhile.", "그 사이 다른 사람이 판정했습니다."],
  saveAllTheSame: ["Save all the same", "그래도 저장"],
  editKeyHelp: [
    "V B E P C D: tools · [ ]: width · arrows (Shift: far): cross · Space: point, brush down and up · Enter: finish · Delete: remove · Ctrl+Z, Ctrl+Y: undo, redo · Ctrl+S: save · Esc: leave",
    "V B E P C D: 도구 · [ ]: 굵기 · 화살표 (Shift: 멀리): 십자선 · 스페이스: 점 찍기, 브러시 내리기·올리기 · Enter: 완료 · Delete: 삭제 · Ctrl+Z, Ctrl+Y: 취소, 다시 · Ctrl+S: 저장 · Esc: 나가기"
  ],
  calibration: ["Calibration", "보정"],
  calibratedBy: ["{0} normal images: {1}", "정상 이미지 {0}장: {1}"],
  guaranteeHolds: ["The guarantee holds: the scores look like those of the calibration.", "보증 유효: 점수가 보정 때와 같은 분포입니다."],
  calibrationScores: ["calibration, 5 to 95 %", "보정 점수 5–95 %"],
  scoresOverTime: ["Scores over time", "시간에 따른 점수"],
  scoresSaid: [
    "Median, and 5 to 95 % as a band, of {0} images since {1}; {2} % were rejected.",
    "{1} 이후 이미지 {0}장의 중앙값과 5–95 % 범위. 불합격 {2} %."
  ],
  noScores: ["This version has inspected nothing yet.", "이 버전은 아직 검사한 것이 없습니다."],
  pValues: ["p-values", "p-값"],
  pValuesSaid: [
    "Normal images like those of the calibration have p-values that are even from 0 to 1 (line); defects lie at 0.",
    "보정 때와 같은 정상 이미지의 p-값은 0에서 1까지 고르게 분포하며(선), 결함은 0 가까이에 모입니다."
  ],
  otherDates: ["The same place at other dates (T)", "같은 위치의 다른 날짜 (T)"],
  place: ["Place", "위치"],
  comparing: ["Aligning the images and comparing …", "영상을 맞추어 비교하는 중 …"],
  noOtherDate: [
    "No earlier image of this place. Images of one name show one place, or those that were given the same place.",
    "이 위치의 이전 영상이 없습니다. 이름이 같거나 같은 위치로 지정된 영상을 비교합니다."
  ],
  grown: ["grown", "성장"],
  isNew: ["new", "신규"],
  smaller: ["smaller", "감소"],
  repaired: ["repaired", "보수됨"],
  isStatic: ["static", "변화 없음"],
  outOfView: ["out of view", "화면 밖"],
  became: ["became", "변화"],
  widthChange: ["width", "폭"],
  lengthChange: ["length", "길이"],
  since: ["Since {0}", "{0} 이후"],
  widthOverTime: ["Largest width of crack {0} over time {1}", "균열 {0}의 최대 폭 변화 {1}"],
  reviewers: ["Reviewers", "검토자"],
  honeypotsSaid: [
    "Known images are mixed into the queue as if they were new: {0} for each 100 images. Choose them in the viewer, once they are decided about.",
    "이미 아는 영상을 새 영상처럼 섞습니다: 100장당 {0}장. 판정된 영상을 뷰어에서 지정하세요."
  ],
  caught: ["defects confirmed", "결함 확인"],
  missed: ["defects dismissed", "결함 기각 (놓침)"],
  recall: ["finds, with 95 % confidence", "발견율 (신뢰도 95 %)"],
  atLeast: ["at least {0} %", "{0} % 이상"],
  dismissed: ["false alarms dismissed", "오경보 기각"],
  confirmed: ["false alarms confirmed", "오경보 확인 (틀림)"],
  noneDecided: ["Nobody has decided about a known image yet.", "아직 아는 영상에 대한 판정이 없습니다."],
  noneKnown: ["No image is mixed in.", "섞이는 영상이 없습니다."],
  knownImages: ["Known images", "아는 영상"],
  image: ["image", "영상"],
  truth: ["truth", "정답"],
  isDefect: ["defect", "결함"],
  isFalseAlarm: ["false alarm", "오경보"],
  decidedRight: ["decided rightly", "맞은 판정"],
  decidedWrong: ["decided wrongly", "틀린 판정"],
  noLonger: ["No longer", "중지"],
  mixIn: ["Show it to reviewers again", "검토자에게 다시 보이기"],
  willBeMixedIn: ["It will be mixed into the queue; this decision is the truth.", "대기열에 섞입니다. 이 판정이 정답입니다."],
  horizontal: ["horizontal", "수평"],
  vertical: ["vertical", "수직"],
  diagonal: ["diagonal", "대각"]
};
var language = localStorage.getItem("language") ?? (navigator.language.startsWith("ko") ? "ko" : "en");
var currentLanguage = () => language;
function setLanguage(wanted) {
  language = wanted;
  localStorage.setItem("language", wanted);
  document.documentElement.lang = wanted;
}
function t(word, ...values) {
  const text = WORDS[word][language === "ko" ? 1 : 0];
  return text.replace(/\{(\d)\}/g, (_, number2) => String(values[Number(number2)] ?? ""));
}
var tr = (word) => word in WORDS ? t(word) : word;
var number = (value, digits = 3) => value.toLocaleString(language, { maximumSignificantDigits: digits });

// src/canvas.ts
var OUTLINE = [0, 229, 255];
var MAX_ZOOM = 40;
var Canvas = class {
  element = document.createElement("canvas");
  layers = { map: true, opacity: 0.55, mask: true, skeleton: false, widths: true };
  hand = null;
  // Drawn over all else; ``line`` is how long a pixel of the screen is in the image.
  over = null;
  drawing = false;
  stored = null;
  view = null;
  levels = null;
  outlined = null;
  tint = null;
  outline = null;
  threshold = null;
  scale = 1;
  left = 0;
  top = 0;
  asked = false;
  pointers = /* @__PURE__ */ new Map();
  constructor() {
    this.element.tabIndex = 0;
    new ResizeObserver(() => this.fit()).observe(this.element);
    this.element.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY / 300), event.offsetX, event.offsetY);
    });
    this.element.addEventListener("pointerdown", (event) => {
      this.element.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, event);
      if (this.drawing) this.hand?.drop();
      this.drawing = this.hand !== null && this.pointers.size === 1 && event.button === 0;
      if (this.drawing) this.hand.down(...this.place(event.offsetX, event.offsetY));
    });
    this.element.addEventListener("pointermove", (event) => this.drag(event));
    for (const end of ["pointerup", "pointercancel"])
      this.element.addEventListener(end, (event) => {
        this.pointers.delete(event.pointerId);
        if (this.drawing) this.hand?.up();
        this.drawing = false;
      });
    this.element.addEventListener("dblclick", () => this.hand ?? this.fit());
  }
  // Loads the pictures of a finding; the one before stays until they are there.
  async show(stored) {
    const at = `/v1/findings/${stored.id}`;
    const [view, map, mask] = await Promise.all([
      picture(`${at}/view`),
      stored.map_range ? picture(`${at}/map`) : null,
      stored.has_mask ? picture(`${at}/${stored.corrected ? "corrected" : "mask"}`) : null
    ]);
    this.stored = stored;
    this.view = view;
    this.levels = map && pixels(map);
    this.outlined = mask && pixels(mask, 2400);
    this.tint = this.levels && tinted(this.levels);
    this.element.setAttribute("aria-label", stored.finding.image);
    this.setThreshold(null);
    this.fit();
  }
  // Cut the mask from the anomaly map at another value; null: what the detector outlined. The fraction that is outlined.
  setThreshold(value) {
    this.threshold = value;
    let fraction = 0;
    const range = this.stored?.map_range;
    if (value === null || !this.levels || !range) {
      this.outline = this.outlined && edges(this.outlined, 128);
      if (this.outlined) fraction = covered(this.outlined, 128);
    } else {
      const level = Math.min(255, Math.max(1, Math.round(255 * (value - range[0]) / (range[1] - range[0]))));
      this.outline = edges(this.levels, level);
      fraction = covered(this.levels, level);
    }
    this.draw();
    return fraction;
  }
  fit() {
    if (!this.view) return;
    const { clientWidth, clientHeight } = this.element;
    const [width, height] = this.size();
    this.scale = Math.min(clientWidth / width, clientHeight / height) || 1;
    this.left = (clientWidth - width * this.scale) / 2;
    this.top = (clientHeight - height * this.scale) / 2;
    this.draw();
  }
  zoom(by, x = this.element.clientWidth / 2, y = this.element.clientHeight / 2) {
    const [width, height] = this.size();
    const least = 0.5 * Math.min(this.element.clientWidth / width, this.element.clientHeight / height);
    const scale = Math.min(MAX_ZOOM, Math.max(least, this.scale * by));
    this.left = x - (x - this.left) * scale / this.scale;
    this.top = y - (y - this.top) * scale / this.scale;
    this.scale = scale;
    this.draw();
  }
  // How many pixels of the screen a pixel of the image is.
  get zoomed() {
    return this.scale;
  }
  centre() {
    return this.place(this.element.clientWidth / 2, this.element.clientHeight / 2);
  }
  // Moves the image as far as a place needs to be seen.
  reveal([x, y]) {
    const [margin, { clientWidth, clientHeight }] = [24, this.element];
    const [atX, atY] = [this.left + (x + 0.5) * this.scale, this.top + (y + 0.5) * this.scale];
    this.left += Math.max(0, margin - atX) - Math.max(0, atX - clientWidth + margin);
    this.top += Math.max(0, margin - atY) - Math.max(0, atY - clientHeight + margin);
    this.draw();
  }
  // The place in the image that lies there in the element.
  place(x, y) {
    return [(x - this.left) / this.scale - 0.5, (y - this.top) / this.scale - 0.5];
  }
  draw() {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      this.paint();
    });
  }
  size() {
    return this.stored?.finding.size_px ?? [this.view?.width ?? 1, this.view?.height ?? 1];
  }
  drag(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    if (this.drawing) {
      this.hand?.move(...this.place(event.offsetX, event.offsetY));
    } else if (this.pointers.size === 2) {
      const other = [...this.pointers.values()].find((pointer) => pointer.pointerId !== event.pointerId);
      const span = (one) => Math.hypot(one.offsetX - other.offsetX, one.offsetY - other.offsetY);
      this.zoom(span(event) / Math.max(1, span(before)), other.offsetX, other.offsetY);
    } else {
      this.left += event.offsetX - before.offsetX;
      this.top += event.offsetY - before.offsetY;
      this.draw();
    }
    this.pointers.set(event.pointerId, event);
  }
  paint() {
    const { element, view, layers } = this;
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(element.clientWidth * ratio), Math.round(element.clientHeight * ratio)];
    if (element.width !== width || element.height !== height) [element.width, element.height] = [width, height];
    const context = element.getContext("2d");
    if (!context || !view) return;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    context.setTransform(ratio * this.scale, 0, 0, ratio * this.scale, ratio * this.left, ratio * this.top);
    const [imageWidth, imageHeight] = this.size();
    context.imageSmoothingEnabled = this.scale < 3;
    context.drawImage(view, 0, 0, imageWidth, imageHeight);
    if (layers.map && this.tint) {
      context.globalAlpha = layers.opacity;
      context.drawImage(this.tint, 0, 0, imageWidth, imageHeight);
      context.globalAlpha = 1;
    }
    context.imageSmoothingEnabled = false;
    if (this.over) {
      this.over(context, 1 / this.scale);
      return;
    }
    if (layers.mask && this.outline) context.drawImage(this.outline, 0, 0, imageWidth, imageHeight);
    if (this.threshold === null) this.paintCracks(context);
  }
  paintCracks(context) {
    const line = 1 / this.scale;
    for (const crack of this.stored?.finding.cracks ?? []) {
      if (this.layers.skeleton) {
        context.strokeStyle = "#ffe14d";
        context.lineWidth = 1.6 * line;
        context.beginPath();
        crack.polyline_px.forEach(([x, y], index) => context[index ? "lineTo" : "moveTo"](x + 0.5, y + 0.5));
        context.stroke();
      }
      if (this.layers.widths) {
        const [x, y] = crack.max_width_at;
        context.strokeStyle = "#ff2d95";
        context.lineWidth = 2 * line;
        context.beginPath();
        context.arc(x + 0.5, y + 0.5, Math.max(crack.max_width_px / 2, 5 * line), 0, 7);
        context.stroke();
        const text = crack.mm ? `${number(crack.mm.max_width, 2)} mm` : `${number(crack.max_width_px, 2)} px`;
        const right = (this.element.clientWidth - this.left) * line;
        label(context, text, [x, y], line, { right, upper: -this.top * line });
      }
    }
  }
};
function label(context, text, [x, y], line, seen) {
  context.font = `600 ${13 * line}px system-ui, sans-serif`;
  const [away, margin, width] = [10 * line, 3 * line, context.measureText(text).width];
  const left = x + away + width + margin > seen.right ? x - away - width : x + away;
  const top = y - away - 13 * line < seen.upper ? y + away + 13 * line : y - away;
  context.fillStyle = "rgb(0 0 0 / 70%)";
  context.fillRect(left - margin, top - 13 * line, width + 2 * margin, 17 * line);
  context.fillStyle = "#fff";
  context.fillText(text, left, top);
}
async function picture(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${answer.status}`);
  return createImageBitmap(await answer.blob());
}
function pixels(picture2, side = Infinity) {
  const shrink = Math.min(1, side / Math.max(picture2.width, picture2.height));
  const canvas = new OffscreenCanvas(Math.round(picture2.width * shrink) || 1, Math.round(picture2.height * shrink) || 1);
  const context = canvas.getContext("2d");
  context.drawImage(picture2, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}
function tinted(levels) {
  const out = new ImageData(levels.width, levels.height);
  for (let at = 0; at < out.data.length; at += 4) {
    const level = levels.data[at];
    out.data[at] = 255;
    out.data[at + 1] = 255 - level;
    out.data[at + 3] = level;
  }
  return drawn(out);
}
var covered = (levels, from) => {
  let count = 0;
  for (let at = 0; at < levels.data.length; at += 4) count += Number(levels.data[at] >= from);
  return 4 * count / levels.data.length;
};
function edges(levels, from) {
  const { width, height, data } = levels;
  const out = new ImageData(width, height);
  const inside = (x, y) => x >= 0 && y >= 0 && x < width && y < height && data[4 * (y * width + x)] >= from;
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const own = inside(x, y);
      const edge = !own && (inside(x - 1, y) || inside(x + 1, y) || inside(x, y - 1) || inside(x, y + 1));
      if (own || edge) out.data.set([...OUTLINE, edge ? 255 : 36], 4 * (y * width + x));
    }
  return drawn(out);
}
function drawn(data) {
  const canvas = new OffscreenCanvas(data.width, data.height);
  canvas.getContext("2d").putImageData(data, 0, 0);
  return canvas;
}

// src/lines.ts
var NEAR = 12;
var SIMPLE_PX = 1.5;
function linesOf(finding2) {
  return (finding2.cracks ?? []).map((crack) => {
    const kept = simple(crack.polyline_px);
    return {
      points: kept.map((at) => crack.polyline_px[at]),
      widths: kept.map((at) => crack.widths_px[at] ?? crack.mean_width_px)
    };
  });
}
var LineTool = class {
  constructor(mask, width) {
    this.mask = mask;
    this.width = width;
  }
  mask;
  width;
  chosen = null;
  draft = [];
  // A point of the chosen line that is being moved.
  moving = null;
  before = null;
  get canUndo() {
    return this.draft.length > 0;
  }
  down(at, line) {
    const near = NEAR * line;
    if (this.draft.length) {
      this.draft = [...this.draft, at];
      return;
    }
    const handle = this.chosen?.points.findIndex((point) => distance(point, at) <= near) ?? -1;
    if (this.chosen && handle >= 0) {
      [this.moving, this.before] = [handle, this.chosen];
      return;
    }
    this.chosen = this.mask.lines.find((one) => fromLine(one.points, at) <= near) ?? null;
    if (!this.chosen) this.draft = [at];
  }
  move(to) {
    if (this.moving === null || !this.chosen) return;
    const points = this.chosen.points.map((point, index) => index === this.moving ? to : point);
    this.chosen = { ...this.chosen, points };
  }
  up() {
    if (this.moving !== null && this.chosen && this.before && this.chosen !== this.before) this.exchange(this.before, this.chosen);
    this.moving = this.before = null;
  }
  drop() {
    if (this.before) this.chosen = this.before;
    this.moving = this.before = null;
    this.draft = this.draft.slice(0, -1);
  }
  undo() {
    if (!this.draft.length) {
      this.chosen = null;
      return false;
    }
    this.draft = this.draft.slice(0, -1);
    return true;
  }
  // Ends a new line.
  finish() {
    if (this.draft.length > 1) {
      const line = { points: this.draft, widths: this.draft.map(() => this.width()) };
      this.exchange(null, line);
      this.chosen = line;
    }
    this.draft = [];
  }
  // The chosen line, or the last point of a new one.
  remove() {
    if (this.draft.length) this.draft = this.draft.slice(0, -1);
    else if (this.chosen) this.exchange(this.chosen, null);
    if (!this.draft.length) this.chosen = null;
  }
  paint(context, line) {
    const others = this.mask.lines.filter((one) => one !== this.chosen && one !== this.before).map((one) => one.points);
    for (const points of [...others, this.draft]) trace(context, points, "#ffe14d");
    const shown = this.chosen ? this.chosen.points : this.draft;
    if (this.chosen) trace(context, this.chosen.points, "#ff2d95");
    context.fillStyle = this.chosen ? "#ff2d95" : "#ffe14d";
    for (const [x, y] of shown) context.fillRect(x + 0.5 - 4 * line, y + 0.5 - 4 * line, 8 * line, 8 * line);
  }
  exchange(old, line) {
    const { mask } = this;
    mask.begin();
    if (old) mask.line(old, 0, 3);
    if (line) mask.line(line, 1);
    mask.lines = [...mask.lines.filter((one) => one !== old), ...line ? [line] : []];
    mask.end();
  }
};
function trace(context, points, colour) {
  context.strokeStyle = colour;
  context.beginPath();
  points.forEach(([x, y], index) => context[index ? "lineTo" : "moveTo"](x + 0.5, y + 0.5));
  context.stroke();
}
var distance = ([x0, y0], [x1, y1]) => Math.hypot(x1 - x0, y1 - y0);
function fromSegment([x, y], [x0, y0], [x1, y1]) {
  const length2 = (x1 - x0) ** 2 + (y1 - y0) ** 2;
  const at = length2 === 0 ? 0 : Math.min(1, Math.max(0, ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length2));
  return Math.hypot(x - x0 - at * (x1 - x0), y - y0 - at * (y1 - y0));
}
var fromLine = (points, at) => Math.min(...points.slice(1).map((point, index) => fromSegment(at, points[index], point)));
function simple(points) {
  const kept = /* @__PURE__ */ new Set([0, points.length - 1]);
  const parts = [[0, points.length - 1]];
  for (let part = parts.pop(); part; part = parts.pop()) {
    const [from, to] = part;
    let [farthest, at] = [SIMPLE_PX, -1];
    for (let index = from + 1; index < to; index += 1) {
      const far = fromSegment(points[index], points[from], points[to]);
      if (far > farthest) [farthest, at] = [far, index];
    }
    if (at < 0) continue;
    kept.add(at);
    parts.push([from, at], [at, to]);
  }
  return [...kept].sort((one, other) => one - other);
}

// src/mask.ts
var TILE = 64;
var MAX_PICTURE = 4096;
var MAX_CHANGES = 200;
var COLOUR = [0, 229, 255, 110];
var Mask = class {
  constructor(width, height, given = null) {
    this.width = width;
    this.height = height;
    this.data = given ?? new Uint8Array(width * height);
    this.across = Math.ceil(width / TILE);
    this.shrink = 2 ** Math.max(0, Math.ceil(Math.log2(Math.max(width, height) / MAX_PICTURE)));
    this.picture = new OffscreenCanvas(Math.ceil(width / this.shrink), Math.ceil(height / this.shrink));
    if (given) for (let tile = 0; tile < this.across * Math.ceil(height / TILE); tile += 1) this.show(tile);
  }
  width;
  height;
  picture;
  // Centre lines belong to what is undone; they are replaced, never changed.
  lines = [];
  data;
  shrink;
  across;
  past = [];
  future = [];
  open = null;
  get canUndo() {
    return this.past.length > 0;
  }
  get canRedo() {
    return this.future.length > 0;
  }
  // What follows is undone as one.
  begin() {
    this.open = { tiles: /* @__PURE__ */ new Map(), lines: this.lines };
  }
  end() {
    const { open } = this;
    this.open = null;
    if (!open || open.tiles.size === 0 && open.lines === this.lines) return;
    this.past.push(open);
    if (this.past.length > MAX_CHANGES) this.past.shift();
    this.future.length = 0;
  }
  // Takes back what was begun and not ended.
  drop() {
    if (this.open) this.exchange(this.open);
    this.open = null;
  }
  undo() {
    const change = this.past.pop();
    if (change) this.future.push(this.exchange(change));
  }
  redo() {
    const change = this.future.pop();
    if (change) this.past.push(this.exchange(change));
  }
  // A stroke from one place to another, as wide at each end as is said.
  stroke([x0, y0], [x1, y1], width0, width1, value) {
    const [r0, r1] = [width0 / 2, width1 / 2];
    const most = Math.max(r0, r1);
    const length2 = (x1 - x0) ** 2 + (y1 - y0) ** 2;
    const box = [Math.min(x0, x1) - most, Math.min(y0, y1) - most, Math.max(x0, x1) + most, Math.max(y0, y1) + most];
    this.fill(box, value, (x, y) => {
      const at = length2 === 0 ? 0 : Math.min(1, Math.max(0, ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length2));
      const radius = Math.max(0.5, r0 + at * (r1 - r0));
      return (x - x0 - at * (x1 - x0)) ** 2 + (y - y0 - at * (y1 - y0)) ** 2 <= radius * radius;
    });
  }
  line(line, value, wider = 0) {
    const { points, widths } = line;
    for (let at = 1; at < points.length; at += 1)
      this.stroke(points[at - 1], points[at], widths[at - 1] + wider, widths[at] + wider, value);
  }
  // By the even-odd rule.
  polygon(points, value) {
    const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
    this.fill([Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)], value, (x, y) => {
      let inside = false;
      for (let one = 0, other = points.length - 1; one < points.length; other = one, one += 1) {
        const [[x0, y0], [x1, y1]] = [points[one], points[other]];
        if (y0 > y !== y1 > y && x < (x1 - x0) * (y - y0) / (y1 - y0) + x0) inside = !inside;
      }
      return inside;
    });
  }
  become(other) {
    this.fill([0, 0, this.width, this.height], 1, (x, y) => other[y * this.width + x] === 1);
    this.fill([0, 0, this.width, this.height], 0, (x, y) => other[y * this.width + x] === 0);
  }
  async png() {
    const { width, height, data } = this;
    const bytes = Math.ceil(width / 8);
    const rows = new Uint8Array((bytes + 1) * height);
    for (let y = 0; y < height; y += 1)
      for (let x = 0; x < width; x += 1)
        if (data[y * width + x]) rows[y * (bytes + 1) + 1 + (x >> 3)] |= 128 >> (x & 7);
    const squeezed = new Blob([rows]).stream().pipeThrough(new CompressionStream("deflate"));
    const head = new Uint8Array(13);
    const view = new DataView(head.buffer);
    view.setUint32(0, width);
    view.setUint32(4, height);
    head[8] = 1;
    const parts = [
      new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10]),
      chunk("IHDR", head),
      chunk("IDAT", new Uint8Array(await new Response(squeezed).arrayBuffer())),
      chunk("IEND", new Uint8Array())
    ];
    return new Blob(parts, { type: "image/png" });
  }
  fill([left, top, right, bottom], value, inside) {
    const x0 = Math.max(0, Math.floor(left));
    const y0 = Math.max(0, Math.floor(top));
    const x1 = Math.min(this.width - 1, Math.ceil(right));
    const y1 = Math.min(this.height - 1, Math.ceil(bottom));
    const touched = /* @__PURE__ */ new Set();
    for (let y = y0; y <= y1; y += 1)
      for (let x = x0; x <= x1; x += 1) {
        const at = y * this.width + x;
        if (this.data[at] === value || !inside(x, y)) continue;
        const tile = Math.floor(y / TILE) * this.across + Math.floor(x / TILE);
        if (this.open && !this.open.tiles.has(tile)) this.open.tiles.set(tile, this.read(tile));
        this.data[at] = value;
        touched.add(tile);
      }
    for (const tile of touched) this.show(tile);
  }
  exchange(change) {
    const back = { tiles: /* @__PURE__ */ new Map(), lines: this.lines };
    this.lines = change.lines;
    for (const [tile, pixels2] of change.tiles) {
      back.tiles.set(tile, this.read(tile));
      const [x0, y0, width, height] = this.bounds(tile);
      for (let y = 0; y < height; y += 1)
        this.data.set(pixels2.subarray(y * width, (y + 1) * width), (y0 + y) * this.width + x0);
      this.show(tile);
    }
    return back;
  }
  read(tile) {
    const [x0, y0, width, height] = this.bounds(tile);
    const pixels2 = new Uint8Array(width * height);
    for (let y = 0; y < height; y += 1) {
      const from = (y0 + y) * this.width + x0;
      pixels2.set(this.data.subarray(from, from + width), y * width);
    }
    return pixels2;
  }
  bounds(tile) {
    const [x, y] = [tile % this.across * TILE, Math.floor(tile / this.across) * TILE];
    return [x, y, Math.min(TILE, this.width - x), Math.min(TILE, this.height - y)];
  }
  show(tile) {
    const [x0, y0, width, height] = this.bounds(tile);
    const { shrink } = this;
    const shown = new ImageData(Math.ceil(width / shrink), Math.ceil(height / shrink));
    for (let y = 0; y < height; y += 1)
      for (let x = 0; x < width; x += 1)
        if (this.data[(y0 + y) * this.width + x0 + x])
          shown.data.set(COLOUR, 4 * (Math.floor(y / shrink) * shown.width + Math.floor(x / shrink)));
    this.picture.getContext("2d").putImageData(shown, x0 / shrink, y0 / shrink);
  }
};
async function readMask(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
  const bitmap = await createImageBitmap(await answer.blob());
  const { width, height } = bitmap;
  const data = new Uint8Array(width * height);
  const band = new OffscreenCanvas(width, Math.min(256, height));
  const context = band.getContext("2d", { willReadFrequently: true });
  for (let top = 0; top < height; top += band.height) {
    const rows = Math.min(band.height, height - top);
    context.drawImage(bitmap, 0, top, width, rows, 0, 0, width, rows);
    const { data: rgba } = context.getImageData(0, 0, width, rows);
    for (let at = 0; at < width * rows; at += 1) data[top * width + at] = Number(rgba[4 * at] > 127);
  }
  bitmap.close();
  return data;
}
var CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? crc >>> 1 ^ 3988292384 : crc >>> 1;
  return crc;
});
function chunk(kind, content) {
  const out = new Uint8Array(content.length + 12);
  const view = new DataView(out.buffer);
  view.setUint32(0, content.length);
  out.set(new TextEncoder().encode(kind), 4);
  out.set(content, 8);
  let crc = 4294967295;
  for (let at = 4; at < content.length + 8; at += 1) crc = CRC[(crc ^ out[at]) & 255] ^ crc >>> 8;
  view.setUint32(content.length + 8, (crc ^ 4294967295) >>> 0);
  return out;
}

// src/editor.ts
var TOOLS = [
  ["move", "v"],
  ["brush", "b"],
  ["eraser", "e"],
  ["polygon", "p"],
  ["lines", "c"],
  ["scale", "d"]
];
var ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
var MAX_WIDTH = 200;
var Editor = class {
  constructor(canvas, onEnd) {
    this.canvas = canvas;
    this.onEnd = onEnd;
  }
  canvas;
  onEnd;
  element = el("div", { className: "editor" });
  stored;
  mask;
  tool = "brush";
  width = 6;
  removes = false;
  // Points of a polygon, or of the scale.
  points = [];
  lengthMm = "";
  last = null;
  // Where the keys are.
  cross = null;
  penDown = false;
  lineTool;
  get isOpen() {
    return this.canvas.over !== null;
  }
  async open(stored) {
    const [width, height] = stored.finding.size_px;
    const at = `/v1/findings/${stored.id}/${stored.corrected ? "corrected" : "mask"}`;
    this.stored = stored;
    this.mask = new Mask(width, height, stored.has_mask ? await readMask(at) : null);
    this.mask.lines = linesOf(stored.finding);
    this.lineTool = new LineTool(this.mask, () => this.width);
    this.lengthMm = "";
    [this.cross, this.penDown] = [null, false];
    this.canvas.over = (context, line) => this.paint(context, line);
    this.choose("brush");
  }
  close() {
    this.canvas.over = this.canvas.hand = null;
    this.canvas.draw();
  }
  // True where the key was one of the editor's.
  key(event) {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (event.ctrlKey || event.metaKey) {
      if (key === "z" && !event.shiftKey) this.undo();
      else if (key === "y" || key === "z") this.redo();
      else if (key === "s" || key === "Enter") void this.save();
      else return false;
      return true;
    }
    const tool = TOOLS.find(([, shortcut]) => shortcut === key);
    const arrow = ARROWS[key];
    if (tool) this.choose(tool[0]);
    else if (arrow) this.steer(arrow, event.shiftKey);
    else if (key === " ") this.press();
    else if (key === "Enter") this.finish();
    else if (key === "Backspace" || key === "Delete") this.remove();
    else if (key === "[" || key === "]") this.setWidth(this.width * (key === "]" ? 1.25 : 0.8));
    else if (key === "x") this.setRemoves(!this.removes);
    else if (key === "+" || key === "=") this.canvas.zoom(1.4);
    else if (key === "-") this.canvas.zoom(1 / 1.4);
    else if (key === "0") this.canvas.fit();
    else if (key === "?") say(t("editKeyHelp"));
    else if (key === "Escape") this.leave();
    else return false;
    return true;
  }
  down(x, y) {
    this.cross = null;
    if (this.tool === "lines") this.lineTool.down([x, y], this.line);
    else if (this.tool === "polygon") this.points = [...this.points, [x, y]];
    else if (this.tool === "scale") this.points = this.points.length === 2 ? [[x, y]] : [...this.points, [x, y]];
    else {
      this.mask.begin();
      this.last = [x, y];
      this.dab([x, y]);
    }
    this.changed();
  }
  move(x, y) {
    if (this.tool === "lines") this.lineTool.move([x, y]);
    else if (this.last) this.dab([x, y]);
    this.canvas.draw();
  }
  up() {
    if (this.tool === "lines") this.lineTool.up();
    if (this.last) this.mask.end();
    this.last = null;
    this.changed();
  }
  drop() {
    if (this.tool === "lines") this.lineTool.drop();
    else if (this.last) this.mask.drop();
    else this.points = this.points.slice(0, -1);
    this.last = null;
    this.changed();
  }
  get line() {
    return 1 / this.canvas.zoomed;
  }
  dab(to) {
    this.mask.stroke(this.last ?? to, to, this.width, this.width, this.tool === "eraser" ? 0 : 1);
    this.last = to;
  }
  choose(tool) {
    this.liftPen();
    this.lineTool.finish();
    [this.tool, this.points, this.last] = [tool, [], null];
    this.canvas.hand = tool === "move" ? null : this;
    this.build();
    this.canvas.draw();
  }
  setWidth(width) {
    this.width = Math.min(MAX_WIDTH, Math.max(1, Math.round(width) === this.width ? width : Math.round(width)));
    this.build();
    this.canvas.draw();
  }
  setRemoves(removes) {
    this.removes = removes;
    this.build();
  }
  undo() {
    this.liftPen();
    if (this.points.length) this.points = this.points.slice(0, -1);
    else if (!this.lineTool.undo()) this.mask.undo();
    this.changed();
  }
  redo() {
    this.liftPen();
    this.mask.redo();
    this.changed();
  }
  // The cross, by arrow keys: a hand's breadth with Shift, a pixel of the screen or of the image without it.
  steer([x, y], isFar) {
    const step = Math.max(1, this.line) * (isFar ? 20 : 2);
    const from = this.cross ?? this.canvas.centre();
    this.cross = [from[0] + x * step, from[1] + y * step];
    this.canvas.reveal(this.cross);
    if (this.penDown) this.dab(this.cross);
    this.changed();
  }
  // Space: puts a point, or puts the brush down and lifts it.
  press() {
    const at = this.cross ?? this.canvas.centre();
    if (this.penDown) this.liftPen();
    else if (this.tool !== "move") {
      this.down(...at);
      if (this.tool === "brush" || this.tool === "eraser") this.penDown = true;
      else this.up();
    }
    this.cross = at;
    this.changed();
  }
  liftPen() {
    if (this.penDown) this.mask.end();
    this.penDown = false;
    this.last = null;
  }
  finish() {
    if (this.tool === "lines") this.lineTool.finish();
    if (this.tool === "polygon" && this.points.length > 2) {
      this.mask.begin();
      this.mask.polygon(this.points, this.removes ? 0 : 1);
      this.mask.end();
      this.points = [];
    }
    this.changed();
  }
  remove() {
    if (this.tool === "lines") this.lineTool.remove();
    else this.points = this.points.slice(0, -1);
    this.changed();
  }
  // Back to the finding, after a question where something was drawn.
  leave() {
    if (this.points.length) this.points = [];
    else if (!this.isChanged || window.confirm(t("discardAsked"))) {
      this.close();
      this.onEnd(false);
      return;
    }
    this.changed();
  }
  get isChanged() {
    return this.mask.canUndo || this.scale() !== null;
  }
  scale() {
    const lengthMm = Number(this.lengthMm);
    const [first, second] = this.points;
    return this.tool === "scale" && first && second && lengthMm > 0 ? { first, second, length_mm: lengthMm } : null;
  }
  async save(version = this.stored.version) {
    this.liftPen();
    this.lineTool.finish();
    try {
      await correct({ ...this.stored, version }, await this.mask.png(), this.scale());
      this.close();
      this.onEnd(true);
    } catch (error) {
      if (error instanceof Refused && error.status === 412) {
        const now = await finding(this.stored.id);
        say(t("decidedMeanwhile"), "bad", [t("saveAllTheSame"), () => void this.save(now.version)]);
      } else say(String(error.message), "bad");
    }
  }
  async detectorsOutline() {
    const { id, has_mask, corrected, detector_mask } = this.stored;
    const address = `/v1/findings/${id}/mask`;
    const own = (corrected ? detector_mask : has_mask) ? await readMask(address) : new Uint8Array(this.mask.width * this.mask.height);
    this.mask.begin();
    this.mask.become(own);
    this.mask.end();
    this.changed();
  }
  changed() {
    const undo = this.element.querySelector("#edit-undo");
    const redo = this.element.querySelector("#edit-redo");
    if (undo) undo.disabled = !this.mask.canUndo && this.points.length === 0 && !this.lineTool.canUndo;
    if (redo) redo.disabled = !this.mask.canRedo;
    const said = this.element.querySelector("#edit-said");
    if (said) said.textContent = this.said();
    this.canvas.draw();
  }
  // What the tool waits for, or has measured.
  said() {
    if (this.tool !== "scale") return t(`${this.tool}Said`);
    const [first, second] = this.points;
    if (!first || !second) return t("scaleSaid");
    const px = Math.hypot(second[0] - first[0], second[1] - first[1]);
    const scale = this.scale();
    return t("scalePx", number(px)) + (scale ? ` ${t("scaleMm", number(scale.length_mm / px))}` : "");
  }
  build() {
    const button = (word, act, more = {}) => el("button", { type: "button", onclick: act, ...more }, t(word));
    const tools = TOOLS.map(
      ([tool, key]) => button(tool, () => this.choose(tool), { ariaPressed: String(tool === this.tool), className: "chip", title: key.toUpperCase() })
    );
    const size = el("input", {
      type: "range",
      id: "edit-width",
      min: "1",
      max: String(MAX_WIDTH),
      value: String(this.width),
      oninput: () => {
        this.width = Number(size.value);
        shown.value = `${this.width} px`;
      }
    });
    const shown = el("output", {}, `${number(this.width)} px`);
    const removes = el("input", {
      type: "checkbox",
      id: "edit-removes",
      checked: this.removes,
      onchange: () => this.removes = removes.checked
    });
    const length = el("input", {
      type: "number",
      id: "edit-length",
      min: "0",
      step: "any",
      value: this.lengthMm,
      oninput: () => {
        this.lengthMm = length.value;
        this.changed();
      }
    });
    const hasWidth = this.tool === "brush" || this.tool === "eraser" || this.tool === "lines";
    replace(
      this.element,
      el("h2", {}, t("correct")),
      el("div", { className: "row", role: "group", ariaLabel: t("tools") }, ...tools),
      hasWidth ? el("p", {}, el("label", { htmlFor: "edit-width" }, `${t("strokeWidth")} `), shown, size) : null,
      this.tool === "polygon" ? el("p", {}, removes, el("label", { htmlFor: "edit-removes" }, ` ${t("removes")}`)) : null,
      this.tool === "scale" ? el("p", {}, el("label", { htmlFor: "edit-length" }, `${t("lengthMm")} `), length) : null,
      el("p", { id: "edit-said", className: "note", role: "status" }, this.said()),
      this.tool === "polygon" || this.tool === "lines" ? el("div", { className: "row" }, button("finishShape", () => this.finish()), button("removeShape", () => this.remove())) : null,
      el(
        "div",
        { className: "row" },
        button("undoStep", () => this.undo(), { id: "edit-undo" }),
        button("redoStep", () => this.redo(), { id: "edit-redo" }),
        button("detectorsOutline", () => void this.detectorsOutline())
      ),
      el(
        "div",
        { className: "row" },
        button("save", () => void this.save(), { className: "primary", id: "edit-save" }),
        button("leave", () => this.leave())
      ),
      el("p", { className: "note" }, t("editKeyHelp"))
    );
    this.changed();
  }
  paint(context, line) {
    context.drawImage(this.mask.picture, 0, 0, this.mask.width, this.mask.height);
    context.lineWidth = 1.6 * line;
    if (this.tool === "lines") this.lineTool.paint(context, line);
    context.strokeStyle = this.tool === "scale" ? "#7dff8a" : "#ffe14d";
    context.fillStyle = context.strokeStyle;
    context.beginPath();
    this.points.forEach(([x2, y2], index) => context[index ? "lineTo" : "moveTo"](x2 + 0.5, y2 + 0.5));
    context.stroke();
    for (const [x2, y2] of this.points) context.fillRect(x2 + 0.5 - 3 * line, y2 + 0.5 - 3 * line, 6 * line, 6 * line);
    if (!this.cross) return;
    const [x, y] = [this.cross[0] + 0.5, this.cross[1] + 0.5];
    context.strokeStyle = this.penDown ? "#ff2d95" : "#ffffff";
    context.beginPath();
    context.arc(x, y, Math.max(this.width / 2, 4 * line), 0, 7);
    for (const [dx, dy] of [[1, 0], [0, 1]]) {
      context.moveTo(x - 14 * dx * line, y - 14 * dy * line);
      context.lineTo(x + 14 * dx * line, y + 14 * dy * line);
    }
    context.stroke();
  }
};

// src/measurements.ts
function sizesOf(crack) {
  return crack.mm ?? {
    length: crack.length_px,
    mean_width: crack.mean_width_px,
    max_width: crack.max_width_px,
    width_uncertainty: crack.width_uncertainty_px
  };
}
function largestWidth({ cracks }) {
  const widest = cracks?.find((crack) => sizesOf(crack).width_uncertainty <= sizesOf(crack).max_width / 2);
  return widest ? `${number(sizesOf(widest).max_width, 2)} ${widest.mm ? "mm" : "px"}` : "";
}
function measurements({ cracks, regions }) {
  if (cracks?.length) {
    const unit = cracks.some((crack) => crack.mm) ? "mm" : "px";
    const rows2 = cracks.map((crack) => {
      const sizes = sizesOf(crack);
      return [
        String(crack.number) + (crack.doubt ? " ⚠" : ""),
        number(sizes.length),
        number(sizes.mean_width, 2),
        `${number(sizes.max_width, 2)} ± ${number(sizes.width_uncertainty, 2)}`,
        tr(crack.direction),
        crack.grade ?? ""
      ];
    });
    const heads = [t("crack"), `${t("length")}, ${unit}`, `${t("meanWidth")}, ${unit}`, `${t("maxWidth")}, ${unit}`];
    return table(t("measurements"), [...heads, t("direction"), t("grade")], rows2);
  }
  if (!regions.length) return el("p", { className: "note" }, t("nothingFound"));
  const rows = regions.map((region, index) => [
    `${index + 1}${region.label ? ` ${tr(region.label)}` : ""}`,
    number(region.area_px),
    number(region.score)
  ]);
  return table(t("measurements"), [t("region"), t("regionArea"), t("score")], rows);
}

// src/plot.ts
var [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [640, 210, 52, 12, 12, 30];
function svg(tag, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}
function plot(name, unit, series, limits = []) {
  const points = series.flatMap((one) => one.points);
  const [firstX, lastX] = [Math.min(...points.map(({ x }) => x)), Math.max(...points.map(({ x }) => x))];
  const lowest = Math.min(...points.map(({ low }) => low), ...limits.map(({ low }) => low));
  const highest = Math.max(...points.map(({ high }) => high), ...limits.map(({ high }) => high));
  const pad = 0.06 * (highest - lowest) || 1;
  const [bottom, top] = [lowest >= 0 ? Math.max(0, lowest - pad) : lowest - pad, highest + pad];
  const atX = (x) => LEFT + (lastX === firstX ? 0.5 : (x - firstX) / (lastX - firstX)) * (WIDTH - LEFT - RIGHT);
  const atY = (y) => HEIGHT - BOTTOM - (y - bottom) / (top - bottom) * (HEIGHT - TOP - BOTTOM);
  const path = (of) => of.map(({ x, y }) => `${atX(x).toFixed(1)},${atY(y).toFixed(1)}`).join(" ");
  const drawn2 = [];
  for (const [place, { kind, name: said, low, high }] of limits.entries()) {
    const [upper, lower] = [atY(high), atY(low)];
    const [x, width] = [LEFT, WIDTH - LEFT - RIGHT];
    drawn2.push(
      low === high ? svg("line", { class: kind, x1: x, x2: x + width, y1: upper, y2: upper }) : svg("rect", { class: kind, x, width, y: upper, height: lower - upper }),
      // Side by side, since limits can lie close to one another.
      svg("text", { x: x + 4 + place * 200, y: upper - 4 }, said)
    );
  }
  for (const { kind, points: own, band } of series) {
    if (band) {
      const around = [...own.map(({ x, high }) => ({ x, y: high })), ...[...own].reverse().map(({ x, low }) => ({ x, y: low }))];
      drawn2.push(svg("polygon", { class: `band ${kind}`, points: path(around) }));
    }
    drawn2.push(svg("polyline", { class: kind, points: path(own) }));
    for (const { x, y, low, high } of own) {
      if (!band) drawn2.push(svg("line", { class: kind, x1: atX(x), x2: atX(x), y1: atY(low), y2: atY(high) }));
      drawn2.push(svg("circle", { class: kind, cx: atX(x), cy: atY(y), r: 3 }));
    }
  }
  for (const y of [bottom, (bottom + top) / 2, top])
    drawn2.push(svg("text", { x: LEFT - 6, y: atY(y) + 4, "text-anchor": "end" }, number(y, 2)));
  const day = (x) => new Date(x).toLocaleDateString(currentLanguage(), { dateStyle: "medium" });
  drawn2.push(svg("text", { x: LEFT, y: HEIGHT - 8 }, day(firstX)));
  if (lastX > firstX) drawn2.push(svg("text", { x: WIDTH - RIGHT, y: HEIGHT - 8, "text-anchor": "end" }, day(lastX)));
  drawn2.push(svg("text", { x: (LEFT + WIDTH) / 2, y: HEIGHT - 8, "text-anchor": "middle" }, unit));
  drawn2.push(svg("path", { class: "axes", d: `M${LEFT},${TOP}V${HEIGHT - BOTTOM}H${WIDTH - RIGHT}` }));
  return svg("svg", { class: "plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": name }, ...drawn2);
}
function bars(name, counts) {
  const [width, height] = [320, 90];
  const sum = counts.reduce((one, other) => one + other, 0);
  const most = Math.max(...counts, 1);
  const step = (width - 20) / counts.length;
  const drawn2 = counts.map((count, at) => {
    const high = count / most * (height - 24);
    return svg("rect", { class: "bar", x: 10 + at * step, width: step - 1, y: height - 18 - high, height: high });
  });
  const even = height - 18 - sum / counts.length / most * (height - 24);
  return svg(
    "svg",
    { class: "plot bars-01", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": name },
    ...drawn2,
    svg("line", { class: "limit", x1: 10, x2: width - 10, y1: even, y2: even }),
    svg("text", { x: 10, y: height - 4 }, "0"),
    svg("text", { x: width - 10, y: height - 4, "text-anchor": "end" }, "1")
  );
}

// src/trend.ts
var STATUSES = ["grown", "new", "smaller", "repaired", "static", "out of view"];
var SAID = {
  grown: "grown",
  new: "isNew",
  smaller: "smaller",
  repaired: "repaired",
  static: "isStatic",
  "out of view": "outOfView"
};
var MAX_PLOTS = 4;
function rounded(value, doubt) {
  const digits = doubt > 0 ? Math.min(6, Math.max(0, 1 - Math.floor(Math.log10(doubt)))) : 2;
  return value.toLocaleString(currentLanguage(), { maximumFractionDigits: digits, signDisplay: "exceptZero" });
}
var TrendPanel = class {
  isOpen = false;
  inside = el("div", {});
  // Aligning images takes seconds: it is asked for when the panel is opened, and while it stays open.
  build(stored, onPlaced) {
    const place = el("input", { id: "place", maxLength: 255, value: stored.place ?? "", placeholder: stored.finding.image });
    const form = el(
      "form",
      {
        className: "row",
        onsubmit: (event) => {
          event.preventDefault();
          setPlace(stored.id, place.value.trim() || null).then(onPlaced, (error) => say(error.message, "bad"));
        }
      },
      el("label", {}, `${t("place")} `, place),
      el("button", {}, t("save"))
    );
    const details = el(
      "details",
      {
        className: "trend",
        open: this.isOpen,
        ontoggle: () => {
          this.isOpen = details.open;
          if (details.open) void this.load(stored);
        }
      },
      el("summary", {}, t("otherDates")),
      form,
      this.inside
    );
    replace(this.inside);
    return details;
  }
  async load(stored) {
    replace(this.inside, el("p", { className: "note", role: "status" }, t("comparing")));
    try {
      const found = await trend(stored.id);
      replace(this.inside, ...found.dates.length ? this.draw(found, stored) : [el("p", { className: "note" }, t("noOtherDate"))]);
    } catch (error) {
      replace(this.inside, el("p", { className: "bad" }, String(error.message)));
    }
  }
  draw({ dates, tracks }, stored) {
    const list = dates.map(({ id, taken, counts, problem }) => {
      const said = STATUSES.filter((status) => counts[status]).map((status) => `${counts[status]} ${t(SAID[status])}`);
      return el(
        "li",
        {},
        el("a", { href: `#/finding/${id}` }, time(taken)),
        problem ? el("span", { className: "bad" }, ` ${problem}`) : ` ${said.join(", ") || t("nothingFound")}`
      );
    });
    const made = [el("ol", { className: "history" }, ...list)];
    const last = dates.filter(({ problem }) => problem === null).at(-1);
    if (last?.changes.length) {
      const unit = last.changes[0].unit;
      const grown = (growth, doubt) => growth === null ? "" : `${rounded(growth, doubt ?? 0)} ± ${number(doubt ?? 0, 2)}`;
      const rows = last.changes.map((change) => [
        change.later.join(", ") || "–",
        el("b", { className: `became ${change.status.replaceAll(" ", "-")}` }, t(SAID[change.status])),
        grown(change.width_growth, change.width_uncertainty),
        grown(change.length_growth, change.length_uncertainty)
      ]);
      const heads = [t("crack"), t("became"), `${t("widthChange")}, ${unit}`, `${t("lengthChange")}, ${unit}`];
      made.push(el("p", {}, t("since", time(last.taken))), table(t("since", time(last.taken)), heads, rows));
    }
    const attention = (crack) => STATUSES.indexOf(last?.changes.find(({ later }) => later.includes(crack))?.status ?? "static");
    const drawn2 = tracks.filter(({ points }) => points.length > 1).sort((one, other) => attention(one.crack) - attention(other.crack));
    for (const { crack, unit, points } of drawn2.slice(0, MAX_PLOTS)) {
      const widths = points.map(({ taken, width, width_uncertainty: doubt }) => ({
        x: Date.parse(taken),
        y: width,
        low: Math.max(0, width - doubt),
        high: width + doubt
      }));
      const name = t("widthOverTime", crack, stored.finding.image);
      const said = points.map(({ taken, width, width_uncertainty: doubt }) => `${time(taken)}: ${number(width, 2)} ± ${number(doubt, 2)} ${unit}`);
      made.push(
        el(
          "figure",
          {},
          plot(`${name}. ${said.join("; ")}`, `${t("maxWidth")}, ${unit}`, [{ kind: "first", points: widths, band: false }]),
          el("figcaption", { className: "note" }, t("widthOverTime", crack, "").trim())
        )
      );
    }
    return made;
  }
};

// src/viewer.ts
var BACK = {
  open: "reopen",
  approved: "approve",
  rejected: "reject",
  corrected: "correct"
};
var STATE_AFTER = { approve: "approved", reject: "rejected", correct: "corrected", reopen: "open" };
var Viewer = class {
  constructor(gallery2, me2) {
    this.gallery = gallery2;
    this.me = me2;
  }
  gallery;
  me;
  element = el("section", { id: "viewer", hidden: true });
  canvas = new Canvas();
  side = el("div", { className: "side" });
  found = null;
  editor = new Editor(this.canvas, (saved) => void this.edited(saved));
  trend = new TrendPanel();
  undone = [];
  replaced = null;
  deciding = false;
  opening = 0;
  comment = el("textarea", {});
  tags = /* @__PURE__ */ new Set();
  thresholds = /* @__PURE__ */ new Map();
  get isOpen() {
    return !this.element.hidden;
  }
  build() {
    const button = (word, act, sign) => el("button", { type: "button", title: t(word), ariaLabel: t(word), onclick: act }, sign);
    replace(
      this.element,
      el(
        "div",
        { className: "stage" },
        this.canvas.element,
        el(
          "div",
          { className: "tools" },
          button("close", () => this.editor.isOpen ? this.editor.leave() : this.close(), "✕"),
          button("previous", () => void this.step(-1), "‹"),
          button("next", () => void this.step(1), "›"),
          button("zoomIn", () => this.canvas.zoom(1.4), "+"),
          button("zoomOut", () => this.canvas.zoom(1 / 1.4), "−"),
          button("fit", () => this.canvas.fit(), "⤢"),
          button("keys", () => say(t("keyHelp")), "?")
        )
      ),
      this.side
    );
    if (this.found && this.isOpen) void this.open(this.found.id);
  }
  async open(id) {
    if (this.editor.isOpen) this.editor.close();
    const turn = ++this.opening;
    try {
      const [found, known] = await Promise.all([finding(id), detectors()]);
      if (turn !== this.opening) return;
      for (const one of known.active) this.thresholds.set(one.name, one.thresholds.pixel);
      this.found = found;
      this.element.hidden = false;
      this.cover(true);
      this.tags = /* @__PURE__ */ new Set();
      this.comment = el("textarea", { rows: 2, maxLength: 4e3, ariaLabel: t("comment"), placeholder: t("comment") });
      await Promise.all([this.drawSide(), this.canvas.show(found).then(() => this.deciding = false)]);
      this.gallery.prefetch(id);
      this.canvas.element.focus({ preventScroll: true });
    } catch (error) {
      say(String(error.message), "bad");
      this.close();
    }
  }
  close() {
    const id = this.found?.id;
    this.opening += 1;
    this.element.hidden = true;
    this.cover(false);
    if (location.hash.startsWith("#/finding/")) location.hash = this.gallery.hash;
    document.querySelector(`[data-id="${id}"]`)?.focus();
  }
  // What lies below is neither scrolled nor reached by Tab.
  cover(isOpen) {
    document.body.classList.toggle("viewing", isOpen);
    for (const id of ["header", "home"]) byId(id).inert = isOpen;
  }
  async step(by) {
    if (this.editor.isOpen) return;
    const other = this.found && await this.gallery.neighbour(this.found.id, by);
    if (other) location.hash = `#/finding/${other.id}`;
  }
  get isEditing() {
    return this.editor.isOpen;
  }
  // True where the key was one of the viewer's.
  key(event) {
    if (this.editor.isOpen) return this.editor.key(event);
    const { key } = event;
    if (event.ctrlKey || event.metaKey) return false;
    const acts = {
      ArrowLeft: () => void this.step(-1),
      ArrowRight: () => void this.step(1),
      k: () => void this.step(-1),
      j: () => void this.step(1),
      a: () => void this.decide("approve"),
      r: () => void this.decide("reject"),
      o: () => void this.decide("reopen"),
      c: () => void this.edit(),
      t: () => this.side.querySelector(".trend summary")?.click(),
      u: () => void this.undo(),
      m: () => this.toggle("map"),
      l: () => this.toggle("mask"),
      s: () => this.toggle("skeleton"),
      w: () => this.toggle("widths"),
      "+": () => this.canvas.zoom(1.4),
      "=": () => this.canvas.zoom(1.4),
      "-": () => this.canvas.zoom(1 / 1.4),
      "0": () => this.canvas.fit(),
      "?": () => say(t("keyHelp")),
      Escape: () => this.close()
    };
    const act = acts[key.length === 1 ? key.toLowerCase() : key];
    act?.();
    return act !== void 0;
  }
  toggle(layer) {
    this.canvas.layers[layer] = !this.canvas.layers[layer];
    const box = this.side.querySelector(`[data-layer="${layer}"]`);
    if (box) box.checked = this.canvas.layers[layer];
    this.canvas.draw();
  }
  async edit() {
    const { found } = this;
    if (!found?.finding.size_px) return;
    try {
      this.replaced = await this.before(found);
      await this.editor.open(found);
      replace(this.side, el("h1", {}, found.finding.image), this.editor.element);
      this.canvas.element.focus({ preventScroll: true });
    } catch (error) {
      say(String(error.message), "bad");
    }
  }
  async edited(saved) {
    const { id } = this.found;
    if (saved && this.replaced) {
      this.undone.push(this.replaced);
      say(t("corrected"), "plain", [t("undo"), () => void this.undo()]);
    }
    await this.open(id);
    this.gallery.put(this.found);
  }
  async before(found) {
    const mask = found.state === "corrected" ? await correctedMask(found.id) : null;
    return { id: found.id, state: found.state, mask };
  }
  async decide(decision) {
    const before = this.found;
    if (!before || this.deciding) return;
    if (decision === "approve" && before.state === "corrected") {
      await this.step(1);
      return;
    }
    this.deciding = true;
    try {
      const replaced = await this.before(before);
      await review(before, decision, [...this.tags], this.comment.value);
      this.undone.push(replaced);
      this.gallery.put(await finding(before.id));
      say(t(STATE_AFTER[decision]), "plain", [
        t("undo"),
        () => void this.undo()
      ]);
      const next = decision === "reopen" ? null : await this.gallery.neighbour(before.id, 1);
      if (!this.isOpen || this.found?.id !== before.id) return;
      if (next) history.pushState(null, "", `#/finding/${next.id}`);
      await this.open(next?.id ?? before.id);
    } catch (error) {
      say(error instanceof Refused && error.status === 412 ? t("decidedSince") : String(error.message), "bad");
      await this.open(before.id);
    } finally {
      this.deciding = false;
    }
  }
  async undo() {
    const last = this.undone.pop();
    if (!last) {
      say(t("nothingToUndo"));
      return;
    }
    try {
      const found = await finding(last.id);
      if (last.mask) await correct(found, last.mask, null);
      else await review(found, BACK[last.state], [], "");
      this.gallery.put(await finding(last.id));
      say(t("undone"));
      if (location.hash === `#/finding/${last.id}`) await this.open(last.id);
      else location.hash = `#/finding/${last.id}`;
    } catch (error) {
      say(String(error.message), "bad");
    }
  }
  async drawSide() {
    const found = this.found;
    const { finding: finding2 } = found;
    const history2 = el("ol", { className: "history" });
    replace(
      this.side,
      el("h1", {}, finding2.image),
      el(
        "p",
        { className: "facts" },
        el("span", { className: `verdict ${finding2.verdict ?? "none"}` }, t(finding2.verdict ?? "none")),
        el("span", { className: `state ${found.state}` }, t(found.state)),
        finding2.score === null ? null : ` ${t("score")} ${number(finding2.score, 4)}`,
        finding2.p_value === null ? null : ` · ${t("pValue")} ${number(finding2.p_value, 2)}`,
        finding2.label ? ` · ${tr(finding2.label)}` : null
      ),
      this.decision(),
      this.layers(),
      this.honeypot(found),
      el("h2", {}, t("measurements")),
      measurements(finding2),
      this.trend.build(found, () => void this.open(found.id)),
      finding2.notes.length ? el("h2", {}, t("notes")) : null,
      ...finding2.notes.map((note) => el("p", { className: "note" }, note)),
      el("h2", {}, t("history")),
      history2,
      el(
        "p",
        { className: "note" },
        `${found.detector} ${found.detector_sha.slice(0, 12)} · ${found.inspected_by} · ${time(found.created)} · `,
        el("a", { href: `/v1/findings/${found.id}/image` }, t("download"))
      )
    );
    const told = (await reviews(found.id)).map(
      (one) => el(
        "li",
        {},
        el("b", {}, t(STATE_AFTER[one.decision])),
        ` ${one.reviewer}, ${time(one.created)}`,
        one.tags.length ? ` · ${one.tags.join(", ")}` : "",
        one.comment ? el("q", {}, one.comment) : null
      )
    );
    replace(history2, ...told);
  }
  decision() {
    const edit = el("button", { type: "button", className: "correct", onclick: () => void this.edit() }, t("correctKey"));
    const button = (decision, word) => el("button", { type: "button", className: decision, onclick: () => void this.decide(decision) }, t(word));
    const tags = t("tagList").split(", ").map((tag) => {
      const chip = el(
        "button",
        {
          type: "button",
          className: "chip",
          ariaPressed: "false",
          onclick: () => {
            if (!this.tags.delete(tag)) this.tags.add(tag);
            chip.setAttribute("aria-pressed", String(this.tags.has(tag)));
          }
        },
        tag
      );
      return chip;
    });
    return el(
      "div",
      { className: "decide" },
      el("div", { className: "row" }, button("approve", "right"), button("reject", "wrong"), edit, button("reopen", "reopen")),
      el("div", { className: "row", role: "group", ariaLabel: t("tags") }, ...tags),
      this.comment
    );
  }
  // What an engineer has decided about can be shown again, to measure those who decide.
  honeypot({ id, state }) {
    if (this.me().role === "operator" || state === "open") return null;
    const act = () => {
      setHoneypot(id, state === "rejected" ? "reject" : "approve").then(
        () => say(t("willBeMixedIn"), "plain", [t("undo"), () => void setHoneypot(id, null)]),
        (error) => say(error.message, "bad")
      );
    };
    return el("p", {}, el("button", { type: "button", id: "honeypot", onclick: act }, t("mixIn")));
  }
  layers() {
    const { canvas } = this;
    const box = (layer) => el(
      "label",
      {},
      el("input", {
        type: "checkbox",
        checked: canvas.layers[layer],
        "data-layer": layer,
        onchange: () => this.toggle(layer)
      }),
      ` ${t(layer)}`
    );
    const opacity = el("input", {
      type: "range",
      min: "0",
      max: "1",
      step: "0.05",
      value: String(canvas.layers.opacity),
      ariaLabel: t("mapOpacity"),
      oninput: () => {
        canvas.layers = { ...canvas.layers, opacity: Number(opacity.value) };
        canvas.draw();
      }
    });
    return el(
      "fieldset",
      {},
      el("legend", {}, t("layers")),
      box("map"),
      opacity,
      box("mask"),
      box("skeleton"),
      box("widths"),
      this.found.map_range && this.found.finding.verdict !== "unusable" ? this.threshold(this.found.map_range) : null
    );
  }
  threshold([low, high]) {
    const own = this.thresholds.get(this.found.detector) ?? low + (high - low) / 3;
    const said = el("output", {});
    const slider = el("input", {
      type: "range",
      min: String(low),
      max: String(high),
      step: String((high - low) / 255),
      value: String(own),
      id: "pixel-threshold",
      oninput: () => move(Number(slider.value))
    });
    const reset = el("button", { type: "button", hidden: true, onclick: () => move(null) }, t("reset"));
    const move = (value) => {
      const fraction = this.canvas.setThreshold(value);
      if (value === null) slider.value = String(own);
      said.value = value === null ? number(own) : `${number(value)}: ${t("area", number(100 * fraction, 2))}`;
      reset.hidden = value === null;
    };
    said.value = number(own);
    return el("p", {}, el("label", { htmlFor: "pixel-threshold" }, t("pixelThreshold")), " ", said, " ", reset, slider);
  }
};
var time = (iso) => new Date(iso).toLocaleString(currentLanguage(), { dateStyle: "medium", timeStyle: "short" });

// src/access.ts
var ROLES = ["operator", "engineer", "admin"];
var KeysPage = class {
  element = el("section", { id: "keys", className: "page", hidden: true });
  async load() {
    try {
      this.draw(await keys());
    } catch (error) {
      say(String(error.message), "bad", [t("retry"), () => void this.load()]);
    }
  }
  draw(keys2, given) {
    const name = el("input", { required: true, maxLength: 64, id: "key-name", autocomplete: "off" });
    const role = el("select", { id: "key-role" }, ...ROLES.map((value) => el("option", { value }, t(value))));
    const form = el(
      "form",
      {
        className: "row",
        onsubmit: (event) => {
          event.preventDefault();
          giveKey(name.value, role.value).then(
            async (key) => this.draw(await keys(), key),
            (error) => say(error.message, "bad")
          );
        }
      },
      el("label", {}, `${t("keyOf")} `, name),
      el("label", {}, `${t("role")} `, role),
      el("button", { className: "primary" }, t("giveKey"))
    );
    const rows = keys2.map((key) => [
      key.name,
      t(key.role),
      time(key.created),
      key.revoked ? t("revoked") : el("button", { type: "button", onclick: () => this.revoke(key) }, t("revoke"))
    ]);
    replace(
      this.element,
      el("h1", {}, t("apiKeys")),
      form,
      given ? el("p", { className: "given", role: "status" }, `${t("givenOnce")} `, el("code", { tabIndex: 0 }, given)) : null,
      table(t("apiKeys"), [t("keyOf"), t("role"), t("created"), t("act")], rows)
    );
  }
  revoke(key) {
    if (!window.confirm(t("revokeAsked", key.name))) return;
    revokeKey(key.id).then(
      () => void this.load(),
      (error) => say(error.message, "bad")
    );
  }
};
var AuditPage = class {
  element = el("section", { id: "audit", className: "page", hidden: true });
  acts = [];
  following = null;
  async load(fresh = true) {
    try {
      const page = await audit(fresh ? null : this.following);
      this.acts = fresh ? page.acts : [...this.acts, ...page.acts];
      this.following = page.next;
      this.draw();
    } catch (error) {
      say(String(error.message), "bad", [t("retry"), () => void this.load(fresh)]);
    }
  }
  draw() {
    const rows = this.acts.map((act) => [time(act.created), act.actor, act.address, act.action, act.target]);
    replace(
      this.element,
      el("h1", {}, t("auditLog")),
      table(t("auditLog"), [t("when"), t("who"), t("address"), t("act"), t("what")], rows),
      this.following ? el("button", { type: "button", onclick: () => void this.load(false) }, t("more")) : null
    );
  }
};

// src/drift.ts
async function drift(name, thresholds) {
  const made = el("section", { className: "drift" });
  const found = await scoreHistory(name);
  const { intervals, calibration, p_values } = found;
  const limits = [];
  if (calibration) limits.push({ kind: "known", name: t("calibrationScores"), low: calibration.quantiles[0], high: calibration.quantiles[2] });
  for (const which of ["review", "reject"]) {
    const value = thresholds[which];
    if (typeof value === "number") limits.push({ kind: "limit", name: t(which), low: value, high: value });
  }
  replace(
    made,
    el("h3", {}, t("calibration")),
    el("p", {}, calibration ? t("calibratedBy", calibration.images, calibration.source) : t("notCalibrated")),
    calibration ? el("p", { className: found.doubt ? "bad" : "note" }, found.doubt ?? t("guaranteeHolds")) : null,
    el("h3", {}, t("scoresOverTime")),
    intervals.length ? pictureOf(found, limits) : el("p", { className: "note" }, t("noScores")),
    p_values ? el("h3", {}, t("pValues")) : null,
    p_values ? el("figure", {}, bars(t("pValues"), p_values), el("figcaption", { className: "note" }, t("pValuesSaid"))) : null
  );
  return made;
}
function pictureOf({ intervals }, limits) {
  const points = intervals.map(({ until, quantiles: [low, y, high] }) => ({ x: Date.parse(until), y, low, high }));
  const images = intervals.reduce((sum, one) => sum + one.images, 0);
  const rejected = intervals.reduce((sum, one) => sum + one.rejected, 0);
  const said = t("scoresSaid", images, time(intervals[0].since), number(100 * rejected / images, 2));
  return el(
    "figure",
    {},
    plot(`${t("scoresOverTime")}. ${said}`, t("score"), [{ kind: "first", points, band: true }], limits),
    el("figcaption", { className: "note" }, said)
  );
}

// src/detectors.ts
var DetectorsPage = class {
  constructor(me2) {
    this.me = me2;
  }
  me;
  element = el("section", { id: "detectors", className: "page", hidden: true });
  async load() {
    try {
      this.draw(await detectors());
    } catch (error) {
      say(String(error.message), "bad", [t("retry"), () => void this.load()]);
    }
  }
  draw(known) {
    const mayChange = this.me().role !== "operator";
    const act = (work) => {
      work.catch((error) => say(error.message, "bad")).finally(() => void this.load());
    };
    const upload = el("input", {
      type: "file",
      accept: ".blemish",
      hidden: true,
      onchange: () => {
        const file = upload.files?.[0];
        if (!file) return;
        say(t("uploading"));
        act(addDetector(file));
      }
    });
    const active = known.active.map((one) => {
      const versions = known.versions.filter((version) => version.name === one.name);
      const limits = Object.entries(one.thresholds).filter(([, value]) => typeof value === "number");
      const told = el("div", {});
      void drift(one.name, one.thresholds).then((made) => told.replaceWith(made), (error) => say(error.message, "bad"));
      return el(
        "article",
        {},
        el("h2", {}, one.name),
        el("p", {}, one.method),
        el("p", {}, `${t("thresholds")}: ${limits.map(([name, value]) => `${name} ${number(value)}`).join(", ")}`),
        el(
          "table",
          {},
          el(
            "tbody",
            {},
            ...versions.map(
              (version) => el(
                "tr",
                {},
                el("td", {}, `${t("version")} `, el("code", {}, version.sha.slice(0, 12))),
                el("td", {}, `${t("addedBy")} ${version.added_by}, ${time(version.created)}`),
                el(
                  "td",
                  {},
                  version.active ? el("b", {}, t("active")) : mayChange && el(
                    "button",
                    { type: "button", onclick: () => act(activate(version.name, version.sha)) },
                    t("activate")
                  )
                )
              )
            )
          )
        ),
        mayChange && versions.length > 1 ? el("button", { type: "button", onclick: () => act(rollBack(one.name)) }, t("rollBack")) : null,
        told,
        el("details", {}, el("summary", {}, t("card")), el("pre", {}, one.card))
      );
    });
    const broken = Object.entries(known.broken).map(([name, reason]) => el("p", { className: "bad" }, `${name}: ${reason}`));
    const button = el("button", { type: "button", className: "primary", onclick: () => upload.click() }, t("upload"));
    replace(this.element, el("h1", {}, t("detectors")), mayChange && el("p", {}, button, upload), ...broken, ...active);
  }
};

// src/histogram.ts
var BINS = 40;
var Histogram = class {
  constructor(onChange) {
    this.onChange = onChange;
  }
  onChange;
  element = el("section", { className: "histogram" });
  scores = [];
  reject = null;
  // What is shown: scores, ascending, and where the detector rejects.
  show(scores2, reject) {
    this.scores = scores2;
    this.reject = reject;
    this.draw();
  }
  draw() {
    const { scores: scores2 } = this;
    if (scores2.length < 2 || scores2[0] === scores2[scores2.length - 1]) {
      replace(this.element);
      return;
    }
    const low = Math.min(scores2[0], this.reject ?? Infinity);
    const high = Math.max(scores2[scores2.length - 1], this.reject ?? -Infinity);
    const span = high - low;
    const counts = new Array(BINS).fill(0);
    for (const score of scores2) counts[Math.min(BINS - 1, Math.floor((score - low) / span * BINS))] += 1;
    const most = Math.max(...counts);
    const bars2 = counts.map((count) => el("i", { "data-height": Math.ceil(20 * count / most) }));
    const said = el("output", {});
    const slider = el("input", {
      type: "range",
      min: String(low),
      max: String(high + span / 1e3),
      step: String(span / 1e3),
      value: String(this.reject ?? high),
      ariaLabel: t("scoreThreshold"),
      oninput: () => move(Number(slider.value))
    });
    const reset = el("button", { type: "button", hidden: true, onclick: () => move(null) }, t("reset"));
    const move = (threshold) => {
      const at = threshold ?? this.reject ?? high;
      slider.value = String(at);
      reset.hidden = threshold === null;
      bars2.forEach((bar, index) => bar.classList.toggle("above", low + (index + 0.5) / BINS * span >= at));
      const above = scores2.filter((score) => score >= at).length;
      said.value = `${t("scoreThreshold")}: ${number(at)}. ` + t("whatIfSaid", above, scores2.length - above);
      this.onChange(threshold);
    };
    replace(
      this.element,
      el(
        "details",
        {},
        el("summary", {}, t("whatIf")),
        el("div", { className: "bars", ariaHidden: "true" }, ...bars2),
        slider,
        el("p", {}, said, " ", reset)
      )
    );
    move(null);
  }
};

// src/gallery.ts
var VERDICTS = ["reject", "review", "unknown surface", "unusable", "pass"];
var UNDECIDED = /* @__PURE__ */ new Set(["unknown surface", "unusable"]);
var PAGE = 60;
var FORMATS = ["csv", "xlsx", "jsonl", "coco", "yolo", "cvat", "labelme", "label-studio", "masks", "geojson", "dxf", "html", "pdf", "docx"];
var Gallery = class {
  element = el("section", { id: "gallery" });
  findings = [];
  cursor = null;
  total = 0;
  whatIf = null;
  verdicts = /* @__PURE__ */ new Set();
  cards = el("ul", { className: "cards" });
  count = el("output", { className: "count" });
  more = el("button", { type: "button", onclick: () => void this.load(false) });
  histogram = new Histogram((threshold) => {
    this.whatIf = threshold;
    this.draw();
  });
  ofJob = el("a", { className: "chip of-job", href: "#/", hidden: true });
  job = null;
  text = "";
  state = "";
  order = "worst";
  typing = 0;
  loading = 0;
  build() {
    const search = el("input", {
      type: "search",
      id: "search",
      placeholder: t("search"),
      ariaLabel: t("search"),
      value: this.text,
      oninput: () => {
        this.text = search.value;
        window.clearTimeout(this.typing);
        this.typing = window.setTimeout(() => void this.load(), 200);
      }
    });
    const chips = VERDICTS.map((verdict) => {
      const chip = el(
        "button",
        {
          type: "button",
          className: `chip ${verdict}`,
          ariaPressed: String(this.verdicts.has(verdict)),
          onclick: () => {
            if (!this.verdicts.delete(verdict)) this.verdicts.add(verdict);
            chip.setAttribute("aria-pressed", String(this.verdicts.has(verdict)));
            void this.load();
          }
        },
        t(verdict)
      );
      return chip;
    });
    const state = choice("state", ["", "open", "approved", "corrected", "rejected"], this.state, (value) => {
      this.state = value;
      void this.load();
    });
    const order = choice("order", ["worst", "newest"], this.order, (value) => {
      this.order = value;
      void this.load();
    });
    this.more.textContent = t("more");
    replace(
      this.element,
      el("h1", { className: "unseen" }, t("findings")),
      el("div", { className: "filters", role: "search" }, this.ofJob, ...chips, state, order, search, this.exports(), this.count),
      this.histogram.element,
      this.cards,
      this.more
    );
    this.draw();
  }
  get hash() {
    return this.job === null ? "#/" : `#/job/${this.job}`;
  }
  // Only the findings of a job, or all; what is open over the gallery leaves that as it is.
  setJob(job, isCovered) {
    if (isCovered || job === this.job) return;
    this.job = job;
    this.ofJob.hidden = job === null;
    this.ofJob.textContent = job === null ? "" : `${t("job")} ${job.slice(0, 12)} ✕`;
    void this.load();
  }
  // From the first page on, or the next one.
  async load(fresh = true) {
    const turn = ++this.loading;
    const filters = this.filters();
    filters.set("order", this.order);
    filters.set("limit", String(fresh ? Math.max(PAGE, Math.min(500, this.findings.length)) : PAGE));
    if (!fresh && this.cursor) filters.set("cursor", this.cursor);
    try {
      const page = await findings(filters);
      if (turn !== this.loading) return;
      this.findings = fresh ? page.findings : [...this.findings, ...page.findings];
      [this.cursor, this.total] = [page.next, page.total];
      this.draw();
      if (fresh) await this.loadScores();
    } catch (error) {
      say(String(error.message), "bad", [t("retry"), () => void this.load(fresh)]);
    }
  }
  // After a decision, without asking for everything again.
  put(found) {
    this.findings = this.findings.map((one) => one.id === found.id ? found : one);
    this.draw();
  }
  async neighbour(id, step) {
    const at = this.findings.findIndex((one) => one.id === id);
    if (at + step >= this.findings.length && this.cursor) await this.load(false);
    return this.findings[at + step] ?? null;
  }
  // The pictures of the next finding into the browser's cache, where it is known already.
  prefetch(id) {
    const next = this.findings[this.findings.findIndex((one) => one.id === id) + 1];
    if (!next) return;
    const names = ["view", next.map_range ? "map" : null, next.detector_mask && !next.corrected ? "mask" : null];
    for (const name of names) if (name) void fetch(`/v1/findings/${next.id}/${name}`, { priority: "low" }).catch(() => void 0);
  }
  filters() {
    const filters = new URLSearchParams();
    for (const verdict of this.verdicts) filters.append("verdict", verdict);
    if (this.state) filters.set("state", this.state);
    if (this.job) filters.set("job", this.job);
    if (this.text.trim()) filters.set("text", this.text.trim());
    return filters;
  }
  async loadScores() {
    const [{ scores: scores2 }, detectors2] = await Promise.all([scores(this.filters()), detectors()]);
    const names = new Set(this.findings.map((one) => one.detector));
    const only = names.size === 1 ? detectors2.active.find((one) => names.has(one.name)) : void 0;
    this.histogram.show(only ? scores2 : [], only?.thresholds.reject ?? null);
  }
  draw() {
    replace(this.cards, ...this.findings.map((one) => this.card(one)));
    this.count.value = this.total ? t("shown", this.findings.length, this.total) : t("empty");
    this.more.hidden = this.cursor === null;
    byId("empty").hidden = this.total > 0;
  }
  card(one) {
    const { finding: finding2 } = one;
    const moved = this.whatIf !== null && finding2.score !== null && !UNDECIDED.has(finding2.verdict);
    const verdict = moved ? finding2.score >= this.whatIf ? "reject" : "pass" : finding2.verdict;
    const width = largestWidth(finding2);
    return el(
      "li",
      {},
      el(
        "a",
        { href: `#/finding/${one.id}`, className: "card", "data-verdict": verdict ?? "none", "data-id": one.id },
        el("img", { src: `/v1/findings/${one.id}/thumb${one.corrected ? `?v=${one.version}` : ""}`, alt: "", loading: "lazy", width: 320, height: 240 }),
        el("span", { className: `verdict ${verdict ?? "none"}${moved ? " moved" : ""}` }, t(verdict ?? "none")),
        one.state === "open" ? null : el("span", { className: `state ${one.state}` }, t(one.state)),
        el("span", { className: "name", title: finding2.image }, finding2.image),
        el(
          "span",
          { className: "facts" },
          finding2.score === null ? "" : `${t("score")} ${number(finding2.score)}`,
          width ? ` · ${width}` : "",
          finding2.label ? ` · ${tr(finding2.label)}` : ""
        )
      )
    );
  }
  exports() {
    const links = FORMATS.map(
      (format) => el(
        "button",
        {
          type: "button",
          onclick: () => {
            const filters = this.filters();
            filters.set("format", format);
            window.location.assign(`/v1/findings/export?${filters}`);
          }
        },
        format
      )
    );
    return el("details", { className: "menu" }, el("summary", {}, t("exportAs")), el("div", {}, ...links));
  }
};
function choice(word, values, now, onChoice) {
  const select = el(
    "select",
    { ariaLabel: t(word), onchange: () => onChoice(select.value) },
    ...values.map((value) => el("option", { value, selected: value === now }, value ? tr(value) : t("allStates")))
  );
  return select;
}

// src/jobs.ts
var LOOK_EVERY_MS = 1e3;
var SAID2 = {
  waiting: "waiting",
  running: "running",
  done: "jobDone",
  cancelled: "jobCancelled",
  failed: "jobFailed"
};
var ENDED = /* @__PURE__ */ new Set(["done", "cancelled", "failed"]);
var JobsPage = class {
  element = el("section", { id: "jobs", className: "page", hidden: true });
  list = el("div", {});
  looking = 0;
  async load() {
    const archive = el("input", {
      type: "file",
      id: "archive",
      accept: ".zip",
      hidden: true,
      onchange: () => {
        const file = archive.files?.[0];
        if (!file) return;
        say(t("uploading"));
        this.act(beginJob(file));
        archive.value = "";
      }
    });
    const begin2 = el("button", { type: "button", className: "primary", onclick: () => archive.click() }, t("beginJob"));
    replace(this.element, el("h1", {}, t("jobs")), el("p", {}, begin2, archive), this.list);
    await this.look();
  }
  async look() {
    window.clearTimeout(this.looking);
    if (this.element.hidden) return;
    try {
      const jobs2 = await jobs();
      this.draw(jobs2);
      if (jobs2.every((job) => ENDED.has(job.state))) return;
    } catch (error) {
      say(String(error.message), "bad");
    }
    this.looking = window.setTimeout(() => void this.look(), LOOK_EVERY_MS);
  }
  act(work) {
    work.catch((error) => say(error.message, "bad")).finally(() => void this.look());
  }
  draw(jobs2) {
    const at = document.activeElement?.closest("article")?.getAttribute("data-id");
    replace(this.list, ...jobs2.length ? jobs2.map((job) => this.card(job)) : [el("p", { className: "note" }, t("noJobs"))]);
    if (at) this.list.querySelector(`[data-id="${at}"] button, [data-id="${at}"] a`)?.focus();
  }
  card(job) {
    const said = job.total === null ? "" : t("inspected", job.done - job.failed, job.total);
    return el(
      "article",
      { "data-id": job.id },
      el("h2", {}, `${t("job")} ${job.id.slice(0, 12)} `, el("span", { className: `state ${job.state}` }, t(SAID2[job.state]))),
      el("p", { className: "note" }, `${job.detector} · ${job.by} · ${time(job.created)}`),
      job.total === null ? null : el("progress", { max: job.total, value: job.done, ariaLabel: said }),
      el(
        "p",
        {},
        said,
        job.failed ? ` · ${t("failed", job.failed)}` : "",
        job.left_s === null ? "" : ` · ${t("left", Math.ceil(job.left_s))}`
      ),
      job.error ? el("p", { className: "bad" }, job.error) : null,
      el(
        "p",
        { className: "row" },
        el("a", { href: `#/job/${job.id}` }, t("itsFindings")),
        ENDED.has(job.state) ? null : el("button", { type: "button", onclick: () => this.act(cancelJob(job.id)) }, t("cancel"))
      )
    );
  }
};

// src/training.ts
var LOOK_EVERY_MS2 = 2e3;
var SAID3 = {
  waiting: "waiting",
  running: "trainingRuns",
  comparing: "trainingCompares",
  done: "jobDone",
  cancelled: "jobCancelled",
  failed: "jobFailed"
};
var ENDED2 = /* @__PURE__ */ new Set(["done", "cancelled", "failed"]);
var TrainingPage = class {
  constructor(me2) {
    this.me = me2;
  }
  me;
  element = el("section", { id: "training", className: "page", hidden: true });
  form = el("div", {});
  list = el("div", {});
  looking = 0;
  async load() {
    replace(this.element, el("h1", {}, t("training")), el("p", { className: "note" }, t("trainingHelp")), this.form, this.list);
    try {
      const [known, found] = await Promise.all([detectors(), trainings()]);
      this.drawForm(
        known.active.map((one) => ({ name: one.name, method: one.method, isDefault: one.is_default })),
        found
      );
    } catch (error) {
      say(String(error.message), "bad", [t("retry"), () => void this.load()]);
      return;
    }
    await this.look();
  }
  async look() {
    window.clearTimeout(this.looking);
    if (this.element.hidden) return;
    try {
      const { trainings: trainings2 } = await trainings();
      this.draw(trainings2);
      if (trainings2.every((one) => ENDED2.has(one.state))) return;
    } catch (error) {
      say(String(error.message), "bad");
    }
    this.looking = window.setTimeout(() => void this.look(), LOOK_EVERY_MS2);
  }
  act(work) {
    work.catch((error) => say(error.message, "bad")).finally(() => void this.look());
  }
  get mayTrain() {
    return this.me().role !== "operator";
  }
  drawForm(detectors2, { methods, problem }) {
    if (problem !== null || !this.mayTrain) {
      replace(this.form, el("p", { className: problem === null ? "note" : "bad" }, problem ?? t("engineersTrain")));
      return;
    }
    const detector = el(
      "select",
      { onchange: () => method.value = usual() },
      ...detectors2.map((one) => el("option", { value: one.name, selected: one.isDefault }, one.name))
    );
    const usual = () => {
      const found = detectors2.find((one) => one.name === detector.value)?.method ?? "auto";
      return methods.includes(found) ? found : "auto";
    };
    const method = el("select", {}, ...["auto", ...methods].map((name) => el("option", { value: name }, name)));
    const profile = el("select", {}, el("option", { value: "quick" }, t("quickProfile")), el("option", { value: "paper" }, t("paperProfile")));
    method.value = usual();
    const begin2 = () => this.act(beginTraining(detector.value, method.value, profile.value));
    replace(
      this.form,
      el(
        "p",
        { className: "row" },
        el("label", {}, `${t("detector")} `, detector),
        el("label", {}, `${t("method")} `, method),
        el("label", {}, `${t("profile")} `, profile),
        el("button", { type: "button", className: "primary", onclick: begin2 }, t("beginTraining"))
      )
    );
  }
  draw(trainings2) {
    const at = document.activeElement?.closest("article")?.getAttribute("data-id");
    const none = el("p", { className: "note" }, t("noTrainings"));
    replace(this.list, ...trainings2.length ? trainings2.map((one) => this.card(one)) : [none]);
    if (at) this.list.querySelector(`[data-id="${at}"] button`)?.focus();
  }
  card(one) {
    const { comparison } = one;
    const runs = !ENDED2.has(one.state);
    const mayActivate = this.mayTrain && comparison?.is_no_worse && !one.active;
    return el(
      "article",
      { "data-id": one.id },
      el("h2", {}, `${one.detector}: ${one.method} `, el("span", { className: `state ${one.state}` }, t(SAID3[one.state]))),
      el("p", { className: "note" }, `${one.by} · ${time(one.created)}${one.images === null ? "" : ` · ${one.images}`}`),
      runs && one.said !== null ? el("p", { role: "status" }, one.said) : null,
      one.error ? el("p", { className: "bad" }, one.error) : null,
      comparison ? table(
        t("oldAndNew"),
        [t("onTheSame"), `${t("oldDetector")} ${one.old_sha.slice(0, 8)}`, `${t("newDetector")} ${one.new_sha?.slice(0, 8) ?? ""}`],
        [
          [t("falseAlarms"), rate(comparison.old.false_alarms), rate(comparison.new.false_alarms)],
          [t("defectsFound"), rate(comparison.old.recall), rate(comparison.new.recall)]
        ]
      ) : null,
      comparison ? el("p", {}, t(comparison.is_no_worse ? "noWorse" : "isWorse", comparison.images)) : null,
      one.active ? el("p", {}, el("b", {}, t("active"))) : null,
      el(
        "p",
        { className: "row" },
        mayActivate ? el("button", { type: "button", className: "primary", onclick: () => this.act(activateTrained(one.id)) }, t("activate")) : null,
        runs && this.mayTrain ? el("button", { type: "button", onclick: () => this.act(cancelTraining(one.id)) }, t("cancel")) : null
      )
    );
  }
};
var percent = (value) => number(100 * value);
var rate = ({ count, n, low, high }) => t("rate", count, n, percent(low), percent(high));

// src/reviewers.ts
var ReviewersPage = class {
  element = el("section", { id: "reviewers", className: "page", hidden: true });
  async load() {
    try {
      this.draw(await honeypots());
    } catch (error) {
      say(String(error.message), "bad", [t("retry"), () => void this.load()]);
    }
  }
  draw({ fraction, known, reviewers }) {
    const people = reviewers.map((one) => [
      one.reviewer,
      String(one.caught),
      String(one.missed),
      one.recall_at_least === null ? "" : t("atLeast", number(100 * one.recall_at_least, 2)),
      String(one.dismissed),
      String(one.confirmed)
    ]);
    const images = known.map((one) => [
      el("a", { href: `#/finding/${one.finding_id}` }, one.image),
      t(one.truth === "approve" ? "isDefect" : "isFalseAlarm"),
      String(one.right),
      String(one.wrong),
      el("button", { type: "button", onclick: () => this.end(one.finding_id) }, t("noLonger"))
    ]);
    const heads = [t("who"), t("caught"), t("missed"), t("recall"), t("dismissed"), t("confirmed")];
    replace(
      this.element,
      el("h1", {}, t("reviewers")),
      el("p", { className: "note" }, t("honeypotsSaid", number(100 * fraction, 2))),
      people.length ? table(t("reviewers"), heads, people) : el("p", {}, t("noneDecided")),
      el("h2", {}, t("knownImages")),
      images.length ? table(t("knownImages"), [t("image"), t("truth"), t("decidedRight"), t("decidedWrong"), t("act")], images) : el("p", {}, t("noneKnown"))
    );
  }
  end(id) {
    setHoneypot(id, null).then(
      () => void this.load(),
      (error) => say(error.message, "bad")
    );
  }
};

// src/uploads.ts
var AT_ONCE = 2;
var TRIES = 20;
var pause = (s) => new Promise((resolve) => window.setTimeout(resolve, s * 1e3));
var Batch = class {
  constructor(photos, fields2, onProgress) {
    this.fields = fields2;
    this.onProgress = onProgress;
    this.waiting = [...photos];
    this.total = photos.length;
  }
  fields;
  onProgress;
  waiting;
  stop = new AbortController();
  started = performance.now();
  done = 0;
  failures = [];
  total;
  get cancelled() {
    return this.stop.signal.aborted;
  }
  cancel() {
    this.stop.abort();
  }
  async run() {
    this.onProgress(this.progress());
    await Promise.all(Array.from({ length: AT_ONCE }, () => this.work()));
    return this.progress();
  }
  progress() {
    const seen = this.done + this.failures.length;
    const perPhotoS = (performance.now() - this.started) / 1e3 / Math.max(1, seen);
    const leftS = seen > 1 ? perPhotoS * (this.total - seen) : null;
    return { total: this.total, done: this.done, failures: [...this.failures], leftS };
  }
  async work() {
    for (let photo = this.waiting.shift(); photo && !this.cancelled; photo = this.waiting.shift()) {
      try {
        const reason = await this.send(photo);
        if (reason === null) this.done += 1;
        else this.failures.push({ photo, reason });
      } catch (error) {
        if (this.cancelled) return;
        this.failures.push({ photo, reason: error instanceof Error ? error.message : String(error) });
      }
      this.onProgress(this.progress());
    }
  }
  // Why a photo could not be inspected; null where it was. A busy server is asked again.
  async send(photo) {
    for (let tries = 1; ; tries += 1) {
      try {
        return (await inspect(photo.file, photo.name, this.fields, this.stop.signal)).finding.error;
      } catch (error) {
        const again = error instanceof Refused && error.retryAfterS !== null && tries < TRIES;
        if (!again || this.cancelled) throw error;
        await pause(Math.min(error.retryAfterS ?? 1, 15));
      }
    }
  }
};
async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (entries.length === 0) return chosen(transfer.files);
  const photos = [];
  for (const entry of entries) await walk(entry, photos);
  return photos;
}
var chosen = (files) => [...files].filter((file) => !file.name.startsWith(".")).map((file) => ({ file, name: file.webkitRelativePath || file.name }));
async function walk(entry, photos) {
  if (entry.name.startsWith(".")) return;
  if (entry.isFile) {
    const file = await new Promise((resolve, fail) => entry.file(resolve, fail));
    photos.push({ file, name: entry.fullPath.replace(/^\//, "") });
    return;
  }
  const reader = entry.createReader();
  for (; ; ) {
    const some = await new Promise((resolve, fail) => reader.readEntries(resolve, fail));
    if (some.length === 0) return;
    for (const child of some) await walk(child, photos);
  }
}

// src/main.ts
var RELOAD_MS = 1500;
var user;
var batch = null;
var reloaded = 0;
var gallery = new Gallery();
var viewer = new Viewer(gallery, () => user);
var PAGES = [
  { hash: "#/jobs", word: "jobs", role: "operator", page: new JobsPage() },
  { hash: "#/detectors", word: "detectors", role: "operator", page: new DetectorsPage(() => user) },
  { hash: "#/training", word: "training", role: "operator", page: new TrainingPage(() => user) },
  { hash: "#/reviewers", word: "reviewers", role: "engineer", page: new ReviewersPage() },
  { hash: "#/keys", word: "apiKeys", role: "admin", page: new KeysPage() },
  { hash: "#/audit", word: "auditLog", role: "admin", page: new AuditPage() }
];
var ROLES2 = ["operator", "engineer", "admin"];
var fields = { detector: "", mm_per_px: "" };
function buildHeader() {
  const link = (hash, word) => el("a", { href: hash, "data-hash": hash }, t(word));
  const open = PAGES.filter(({ role }) => ROLES2.indexOf(role) <= ROLES2.indexOf(user.role));
  replace(
    byId("header"),
    el("a", { href: "#/", className: "logo" }, "blemish"),
    el("nav", { ariaLabel: t("pages") }, link("#/", "findings"), ...open.map(({ hash, word }) => link(hash, word))),
    el(
      "button",
      {
        type: "button",
        id: "language",
        lang: currentLanguage() === "en" ? "ko" : "en",
        onclick: () => {
          setLanguage(currentLanguage() === "en" ? "ko" : "en");
          build();
        }
      },
      t("language")
    ),
    el("button", { type: "button", id: "theme", title: t("dark"), ariaLabel: t("dark"), onclick: switchTheme }, "◐"),
    user.needs_key ? el("button", { type: "button", onclick: () => void logOut().then(() => location.reload()) }, `${t("logOut")} (${user.name})`) : null
  );
}
async function buildDrop() {
  const known = await detectors();
  const files = el("input", { type: "file", id: "files", multiple: true, hidden: true, onchange: () => start(chosen(files.files ?? [])) });
  const folder = el("input", { type: "file", webkitdirectory: true, hidden: true, onchange: () => start(chosen(folder.files ?? [])) });
  const select = el(
    "select",
    { onchange: () => fields.detector = select.value },
    ...known.active.map((one) => el("option", { value: one.name, selected: fields.detector ? one.name === fields.detector : one.is_default }, one.name))
  );
  const scale = el("input", {
    type: "number",
    min: "0",
    step: "any",
    value: fields.mm_per_px,
    placeholder: "0.2",
    oninput: () => fields.mm_per_px = scale.value
  });
  replace(
    byId("drop"),
    el("p", { className: "invitation" }, t("drop")),
    el(
      "div",
      { className: "row" },
      el("button", { type: "button", className: "primary", onclick: () => files.click() }, t("chooseFiles")),
      el("button", { type: "button", onclick: () => folder.click() }, t("chooseFolder")),
      files,
      folder,
      el("label", {}, `${t("detector")} `, select),
      el("label", {}, `${t("mmPerPx")} `, scale)
    )
  );
}
function start(photos) {
  if (!photos.length) return;
  const own = new Batch(photos, fields, (progress) => showProgress(own, progress));
  batch = own;
  void own.run().then((progress) => {
    if (batch === own) batch = null;
    showProgress(own, progress);
    say(t(own.cancelled ? "cancelled" : "done", progress.done));
    void gallery.load();
  });
}
function showProgress(own, progress) {
  const { total, done, failures, leftS } = progress;
  const over = batch !== own;
  const failed = failures.map(({ photo, reason }) => el("li", {}, reason.includes(photo.name) ? reason : `${photo.name}: ${reason}`));
  const retry = () => start(failures.map(({ photo }) => photo));
  replace(
    byId("progress"),
    over ? null : el(
      "p",
      { role: "status" },
      el("progress", { max: total, value: done + failures.length, ariaLabel: t("inspected", done, total) }),
      ` ${t("inspected", done, total)} `,
      leftS === null ? "" : `· ${t("left", Math.ceil(leftS))} `,
      el("button", { type: "button", onclick: () => own.cancel() }, t("cancel"))
    ),
    failures.length ? el(
      "details",
      { open: over },
      el("summary", {}, t("failed", failures.length)),
      el("ul", {}, ...failed),
      over ? el("button", { type: "button", onclick: retry }, t("retry")) : null
    ) : null
  );
  if (performance.now() - reloaded > RELOAD_MS) {
    reloaded = performance.now();
    void gallery.load();
  }
}
function switchTheme() {
  const root = document.documentElement;
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
}
function route() {
  const id = /^#\/finding\/([0-9a-f]{32})$/.exec(location.hash)?.[1];
  const current = PAGES.find(({ hash }) => hash === location.hash);
  const wasHidden = current?.page.element.hidden;
  for (const { page } of PAGES) page.element.hidden = page !== current?.page;
  byId("home").hidden = current !== void 0;
  for (const link of document.querySelectorAll("nav a")) {
    const isHere = link.getAttribute("data-hash") === (current?.hash ?? "#/");
    if (isHere) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  void current?.page.load();
  if (current && wasHidden) window.scrollTo(0, 0);
  gallery.setJob(/^#\/job\/([0-9a-f]{32})$/.exec(location.hash)?.[1] ?? null, id !== void 0 || current !== void 0);
  if (id) void viewer.open(id);
  else if (viewer.isOpen) viewer.close();
}
function build() {
  document.documentElement.lang = currentLanguage();
  buildHeader();
  void buildDrop();
  byId("empty").textContent = t("empty");
  gallery.build();
  viewer.build();
  route();
}
function logInFirst() {
  const key = el("input", { type: "password", autocomplete: "current-password", required: true, ariaLabel: t("key"), placeholder: t("key") });
  const form = el(
    "form",
    {
      className: "log-in",
      onsubmit: (event) => {
        event.preventDefault();
        logIn(key.value).then(
          () => void begin(),
          (error) => say(error.message, "bad")
        );
      }
    },
    el("h1", {}, "blemish"),
    el("p", {}, t("keyWanted")),
    key,
    el("button", { className: "primary" }, t("logIn"))
  );
  replace(byId("header"));
  replace(byId("home"), form);
  key.focus();
}
function listen() {
  window.addEventListener("hashchange", route);
  window.addEventListener("keydown", (event) => {
    const typing = event.target instanceof HTMLElement && event.target.matches("input:not([type=checkbox]):not([type=range]), textarea, select");
    if (event.altKey || !viewer.isOpen) return;
    if (typing && event.key !== "Escape" && !(viewer.isEditing && event.key === "Enter")) return;
    const moves = event.target instanceof HTMLElement && event.target.matches("[type=range]") && event.key.startsWith("Arrow");
    const presses = event.target instanceof HTMLElement && event.target.matches("button, summary, a") && /^( |Enter)$/.test(event.key);
    if (!moves && !presses && viewer.key(event)) event.preventDefault();
  });
  for (const kind of ["dragenter", "dragover"])
    window.addEventListener(kind, (event) => {
      event.preventDefault();
      document.body.classList.add("dragging");
    });
  window.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dragging");
  });
  window.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dragging");
    if (event.dataTransfer) void dropped(event.dataTransfer).then(start);
  });
  window.addEventListener("beforeunload", (event) => {
    if (batch) event.preventDefault();
  });
}
async function begin() {
  try {
    user = await me();
  } catch (error) {
    if (error instanceof Refused && error.status === 401) return logInFirst();
    say(String(error.message), "bad", [t("retry"), () => void begin()]);
    return;
  }
  const home = byId("home");
  replace(home, el("div", { id: "drop" }), el("div", { id: "progress" }), el("p", { id: "empty", hidden: true }), gallery.element);
  replace(byId("views"), ...PAGES.map(({ page }) => page.element), viewer.element);
  build();
  await gallery.load();
}
var theme = localStorage.getItem("theme");
if (theme) document.documentElement.dataset.theme = theme;
listen();
void begin();
