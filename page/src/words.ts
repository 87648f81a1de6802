// What the page says, in English and in Korean.

const WORDS = {
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
  pass: ["pass", "합격"],
  none: ["no verdict", "판정 없음"],
  open: ["open", "미결"],
  approved: ["confirmed", "확인됨"],
  rejected: ["dismissed", "기각됨"],
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
    "불합격 {0}, 그 외 {1}. 여기서만 보이며 검출기는 그대로입니다.",
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
  calibrated: ["calibrated", "보정됨"],
  notCalibrated: ["not calibrated", "보정 안 됨"],
  keys: ["Keyboard (?)", "단축키 (?)"],
  keyHelp: [
    "← → or J K: previous, next · A: right · R: wrong · O: reopen · U: undo · M L S W: layers · + − 0: zoom · Esc: all",
    "← → 또는 J K: 이전, 다음 · A: 맞음 · R: 틀림 · O: 다시 열기 · U: 취소 · M L S W: 레이어 · + − 0: 확대/축소 · Esc: 목록",
  ],
  horizontal: ["horizontal", "수평"],
  vertical: ["vertical", "수직"],
  diagonal: ["diagonal", "대각"],
} as const;

export type Word = keyof typeof WORDS;
export type Language = "en" | "ko";

let language: Language =
  (localStorage.getItem("language") as Language | null) ?? (navigator.language.startsWith("ko") ? "ko" : "en");

export const currentLanguage = (): Language => language;

export function setLanguage(wanted: Language): void {
  language = wanted;
  localStorage.setItem("language", wanted);
  document.documentElement.lang = wanted;
}

export function t(word: Word, ...values: (string | number)[]): string {
  const text: string = WORDS[word][language === "ko" ? 1 : 0];
  return text.replace(/\{(\d)\}/g, (_, number) => String(values[Number(number)] ?? ""));
}

// A word that the service says, where the page knows it in this language.
export const tr = (word: string): string => (word in WORDS ? t(word as Word) : word);

export const number = (value: number, digits = 3): string =>
  value.toLocaleString(language, { maximumSignificantDigits: digits });
