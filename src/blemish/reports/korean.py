"""The Korean catalogue: English text -> Korean text."""

# ruff: noqa: E501 - a Hangul letter counts as two

from __future__ import annotations

from collections.abc import Mapping

KOREAN: Mapping[str, str] = {
    # head
    "Inspection report": "점검 보고서",
    "Summary": "요약",
    "detector": "검출기",
    "grades: {name} (a guide)": "등급 기준: {name} (참고용)",
    "client": "의뢰인",
    "place": "장소",
    "inspector": "점검자",
    "date": "점검일",
    "images taken": "촬영 기간",
    # key numbers
    "images inspected": "점검한 이미지",
    "{count} could not be": "{count}장은 점검하지 못함",
    "regions outlined": "표시된 영역",
    "in {images}": "{images}에서",
    "1 image": "이미지 1장",
    "{count} images": "이미지 {count}장",
    "largest width": "최대 폭",
    "no width could be measured reliably": "신뢰할 수 있게 측정된 폭이 없음",
    "1 larger width could not be measured reliably": "이보다 큰 폭 1개는 신뢰할 수 있게 측정되지 않음",
    "{count} larger widths could not be measured reliably": "이보다 큰 폭 {count}개는 신뢰할 수 있게 측정되지 않음",
    "total length": "총 길이",
    "longest {length}": "최장 {length}",
    "crack length per area": "면적당 균열 길이",
    "over {area} m² of images": "이미지 면적 {area} m² 기준",
    "verdicts": "판정",
    "pass": "정상",
    "review": "확인 필요",
    "reject": "불량",
    "unusable": "판정 불가",
    "unknown surface": "미지의 표면",
    # what a reader must know
    "{images} no longer where inspected: only what was found can be drawn.": (
        "{images}이 점검한 위치에 더 이상 없어 검출 결과만 그렸습니다."
    ),
    "{flagged} of {images} images did not pass. The guaranteed false-alarm rate is about surfaces that are mostly "
    "normal and says nothing about a set of mostly damaged ones.": (
        "이미지 {images}장 중 {flagged}장이 정상 판정을 받지 못했습니다. 보증된 오경보율은 대부분 정상인 표면에 대한 것이며, "
        "대부분 손상된 이미지에는 적용되지 않습니다."
    ),
    'Guarantee suspended from "{image}" on (number {number}): {reason}.': (
        "“{image}”({number}번째)부터 오경보율 보증이 중단되었습니다: {reason}."
    ),
    "{count} {ending} not inspected: {reason}.": "{ending} 파일 {count}개를 점검하지 않음: {reason}.",
    "{images} more could not be inspected: the table of images says why.": (
        "그 밖에 {images}을 점검하지 못했으며, 이유는 이미지 표에 있습니다."
    ),
    "{images} cannot be judged (unusable): neither pass nor reject.": (
        "{images}은 판정할 수 없습니다(판정 불가). 정상도 불량도 아닙니다."
    ),
    "{images} show a surface that the detector does not know (unknown surface): neither pass nor reject.": (
        "{images}은 검출기가 알지 못하는 표면입니다(미지의 표면). 정상도 불량도 아닙니다."
    ),
    "Passed although out of focus, moved, dark or in part at full scale: {images}. A pass says less there.": (
        "초점이 맞지 않거나 흔들렸거나 어둡거나 일부가 최대값인데도 정상 판정을 받음: {images}. 그런 정상 판정은 신뢰도가 낮습니다."
    ),
    "Unknown surface: {count}": "미지의 표면 이미지: {count}장",
    "Not inspected: {count}": "점검하지 않은 파일: {count}개",
    "Unusable: {count}": "판정 불가 이미지: {count}장",
    "and {count} more": "그 밖에 {count}개",
    "No image tells its scale by {scale}: all sizes are in pixels. The notes on each image say why.": (
        "축척을 알 수 있는 이미지가 없습니다({scale}). 모든 크기는 픽셀 단위이며, 이유는 각 이미지의 비고에 있습니다."
    ),
    "{images} of {all} without a scale by {scale}: their sizes are in pixels. The notes on each image say why.": (
        "전체 {all}장 중 {images}의 축척을 알 수 없습니다({scale}). 그 크기는 픽셀 단위이며, 이유는 각 이미지의 비고에 있습니다."
    ),
    "No scale was given: sizes are in pixels of each image, and no grade can be told from them.": (
        "축척이 주어지지 않아 크기는 각 이미지의 픽셀 단위이며, 등급을 매길 수 없습니다."
    ),
    "{images} with cracks without a scale: those cracks are listed in pixels and are in no figure, distribution or "
    "grade.": "균열이 있는 {images}에 축척이 없습니다. 그 균열은 픽셀 단위로만 나열되고 수치, 분포, 등급에 포함되지 않습니다.",
    "The inspection holds no images.": "점검에 이미지가 없습니다.",
    "Cracks were not measured in this inspection: regions are listed as they were outlined.": (
        "이 점검에서는 균열을 측정하지 않았습니다. 영역은 표시된 그대로 나열됩니다."
    ),
    "No crack was found.": "균열이 발견되지 않았습니다.",
    "The logo could not be read: {reason}": "로고를 읽을 수 없습니다: {reason}",
    # elements
    "By element": "부재별",
    "An element is a folder of images; worst first.": "부재는 이미지 폴더 단위이며, 심한 순서입니다.",
    "element": "부재",
    "no folder": "폴더 없음",
    "images": "이미지",
    "not inspected": "미점검",
    # distributions
    "Distribution": "분포",
    "Cracks by largest width": "최대 폭별 균열",
    "Cracks by grade": "등급별 균열",
    "Width along the cracks ({unit} of crack)": "균열을 따라 잰 폭 (균열 길이, {unit})",
    "local width, {unit}": "국부 폭, {unit}",
    "Length (number of cracks)": "길이 (균열 수)",
    "crack length, {unit}": "균열 길이, {unit}",
    "Direction ({unit} of crack)": "방향 (균열 길이, {unit})",
    "main direction in the image": "이미지 안에서의 주 방향",
    "Source": "출처",
    "read in the source": "원문 확인",
    "taken from a secondary source": "2차 자료에서 인용",
    "not confirmed": "확인되지 않음",
    "the user's own scale": "사용자 지정 기준",
    "A grade compares the largest width measured in the image with the scale's steps. It is a guide: it knows neither "
    "the load, nor the depth, nor the cause of a crack, and it replaces no engineer's judgement. Where the "
    "uncertainty of a width reaches over a step, the table of cracks says so.": (
        "등급은 이미지에서 측정한 최대 폭을 기준의 단계와 비교한 것입니다. 참고용이며, 하중이나 균열의 깊이, 원인을 알지 못하고 "
        "기술자의 판단을 대신하지 않습니다. 폭의 불확도가 단계의 경계에 걸치면 균열 표에 표시됩니다."
    ),
    # words of tables and filters
    "image": "이미지",
    "verdict": "판정",
    "direction": "방향",
    "grade": "등급",
    "any": "전체",
    "name contains": "이름에 포함",
    "width from": "최소 폭",
    "horizontal": "수평",
    "vertical": "수직",
    "diagonal": "대각",
    "map": "망상",
    "order": "정렬",
    "worst first": "심한 순",
    "most cracks": "균열 수",
    "score": "점수",
    "name": "이름",
    "images without lines": "선 없이 이미지만",
    "anomaly map": "이상도 지도",
    "show all": "모두 보기",
    "show all {count} rows": "{count}행 모두 보기",
    "{count} of {all} images shown": "이미지 {all}장 중 {count}장 표시",
    "width": "폭",
    "cracks": "균열",
    "length": "길이",
    "max": "최대",
    "max width": "최대 폭",
    "mean": "평균",
    "unit": "단위",
    "angle": "각도",
    "at x, y (px)": "위치 x, y (px)",
    "branches": "가지",
    "remarks": "비고",
    "reaches the border": "가장자리에 닿음",
    # what makes a width doubtful, and on how much of the crack
    "saturated": "밝기 포화",
    "low contrast": "대비 낮음",
    "edges too close": "양쪽 가장자리 구분 불가",
    "out of focus": "초점 흐림",
    "another line": "인접한 다른 선",
    "no clear line": "선이 뚜렷하지 않음",
    "near a grade's limit": "등급 경계에 가까움",
    "kind": "종류",
    "region": "영역",
    "regions": "영역",
    "defect": "결함",
    "area, px": "면적, px",
    "area, mm²": "면적, mm²",
    "box, width × height (px)": "외곽 상자, 폭 × 높이 (px)",
    "length × width, px": "길이 × 폭, px",
    "length × width, mm": "길이 × 폭, mm",
    "contrast": "명암 차",
    "largest region": "최대 영역",
    "rank": "순위",
    "worst grade": "최저 등급",
    "taken": "촬영 시각",
    "camera": "카메라",
    "position": "위치",
    "altitude": "고도",
    "p-value": "p값",
    "scale": "축척",
    "none": "없음",
    # what the run and the detector are recorded with
    "measure": "균열 측정",
    "bit range": "값 범위",
    "max megapixels": "최대 메가픽셀",
    "file": "파일",
    "method": "방법",
    "runtime": "실행기",
    "precision": "정밀도",
    "classes": "분류",
    "finds": "찾는 것",
    "thresholds": "임계값",
    "calibration": "보정",
    "trained on": "학습 자료",
    "seed": "난수 시드",
    "fingerprint": "지문",
    "settings": "설정",
    "libraries": "라이브러리",
    "yes": "예",
    "no": "아니요",
    "no scale": "축척 없음",
    "{low} to {high} mm per pixel, image by image; {file} lists them": "픽셀당 {low}~{high} mm, 이미지마다 다름({file} 참고)",
    "{size} mm per pixel{about} ({source})": "픽셀당 {size} mm{about} ({source})",
    "{size} mm per pixel{about} ({source}, in the middle of the plane's points)": "픽셀당 {size} mm{about} ({source}, 평면의 점들 가운데에서)",
    # sections
    "Pages with everything that was found": "검출 결과 전체 페이지",
    "previous images": "이전 이미지",
    "next images": "다음 이미지",
    "Images, worst first": "이미지 (심한 순)",
    "Shown here: the {shown} worst of {all} images.": "이미지 {all}장 중 가장 심한 {shown}장을 표시합니다.",
    "All are listed in the table of images.": "전체는 이미지 표에 있습니다.",
    "crack width": "균열 폭",
    "widest place, numbered as in the tables": "최대 폭 위치 (번호는 표와 같음)",
    "widest place": "최대 폭 위치",
    "widest place, enlarged": "최대 폭 위치 확대",
    "Cracks": "균열",
    "crack": "균열",
    "Regions": "영역",
    "Regions as they were outlined": "표시된 영역",
    "All images": "전체 이미지",
    "The {count} widest are listed; {more} more are in {file}.": (
        "폭이 큰 {count}개를 나열했고, 나머지 {more}개는 {file}에 있습니다."
    ),
    "The {count} worst are listed; {more} more are in {file}.": (
        "심한 {count}개를 나열했고, 나머지 {more}개는 {file}에 있습니다."
    ),
    "{count} narrower ones are in the table of cracks.": "더 좁은 {count}개는 균열 표에 있습니다.",
    "The image is no longer where it was inspected, or is another one now; only what was found is drawn.": (
        "이미지가 점검한 위치에 없거나 다른 이미지로 바뀌었습니다. 검출 결과만 그렸습니다."
    ),
    "The image is no longer where it was inspected.": "이미지가 점검한 위치에 없습니다.",
    "Where the images were taken": "촬영 위치",
    "north": "북",
    "{count} of {all} images have a position.": "이미지 {all}장 중 {count}장에 위치 정보가 있습니다.",
    # how it was made
    "How this was made": "작성 방법",
    "Inspection": "점검",
    "Detector": "검출기",
    "inspected": "점검 시각",
    "with blemish": "blemish 버전",
    "Settings and detector were not recorded with these findings.": "설정과 검출기가 기록되어 있지 않습니다.",
    "What the numbers mean": "수치의 의미",
    "A crack's width is the distance between its two edges, square to its centre line, read every pixel along the "
    "line; places where cracks meet are left out. The largest, the 95th percentile and the mean are taken over those "
    "places. ± is the uncertainty of any single width: never less than half a pixel, more where two ways of "
    "measuring disagree, and with the scale's own uncertainty in it. The largest width of an image, an element or the "
    "whole is chosen among widths whose ± is at most half of them. Lengths follow the centre line. Angles are "
    "counted from the image's horizontal, counter-clockwise.": (
        "균열의 폭은 중심선에 수직으로 잰 두 가장자리 사이의 거리이며, 선을 따라 픽셀마다 읽습니다. 균열이 만나는 곳은 제외합니다. "
        "최댓값, 95번째 백분위수, 평균은 이 위치들에서 구합니다. ±는 개별 폭의 불확도로, 최소 0.5픽셀이고 두 측정 방법의 결과가 "
        "다르면 더 커지며 축척의 불확도를 포함합니다. 이미지, 부재, 전체의 최대 폭은 ±가 폭의 절반 이하인 "
        "것 가운데서 고릅니다. 길이는 중심선을 따라 잽니다. 각도는 이미지의 수평선에서 반시계 방향으로 잽니다."
    ),
    "Components that fit into 8 × 8 px are not measured. Whether an outline is a crack at all was decided by the "
    "detector: a joint, a root or a cable can be taken for one, and what it overlooks is in no table.": (
        "8 × 8 px 안에 들어가는 조각은 측정하지 않습니다. 표시된 것이 균열인지는 검출기가 판단합니다. 줄눈, 뿌리, 케이블이 균열로 "
        "판단될 수 있고, 검출기가 놓친 것은 어느 표에도 없습니다."
    ),
    # what widths photographs can tell
    "What widths can be trusted": "신뢰할 수 있는 균열 폭",
    "A width can be trusted where its uncertainty is at most half of it, given pixel size, tilt, blur and noise of the "
    "photograph.": "사진의 픽셀 크기, 기울기, 흐림, 잡음을 고려할 때 불확도가 폭의 절반 이하이면 그 폭을 신뢰할 수 있습니다.",
    "widths that cannot be trusted": "신뢰할 수 없는 폭",
    "which": "해당 사진",
    "For the next flight": "다음 비행을 위한 권고",
    "Widths below {below:g} {unit} cannot be trusted in {count} photographs.": (
        "사진 {count}장에서는 {below:g} {unit} 미만의 폭을 신뢰할 수 없습니다."
    ),
    "{count} of {total}: focus on the surface and check a picture at full size; about f/{f_number:g} is in focus over "
    "more of it.": (
        "{total}장 중 {count}장: 표면에 초점을 맞추고 사진을 원래 크기로 확인하십시오. f/{f_number:g} 정도에서 더 넓은 범위에 초점이 맞습니다."
    ),
    "{count} of {total}: fly slower, or with a shutter of 1/500 s and less.": (
        "{total}장 중 {count}장: 더 천천히 비행하거나 셔터를 1/500초 이하로 하십시오."
    ),
    "{count} of {total}: switch off the camera's noise removal, or keep its raw files: it takes thin cracks for noise.": (
        "{total}장 중 {count}장: 카메라의 잡음 제거를 끄거나 원본(raw) 파일을 보관하십시오. 잡음 제거는 가는 균열을 잡음으로 지웁니다."
    ),
    "{count} of {total}: expose less, since white parts show nothing.": (
        "{total}장 중 {count}장: 노출을 줄이십시오. 하얗게 날아간 부분에는 아무것도 보이지 않습니다."
    ),
    "{count} of {total}: expose more, or wait for more light, since cracks drown in shadow.": (
        "{total}장 중 {count}장: 노출을 늘리거나 더 밝을 때 촬영하십시오. 균열이 그림자에 묻힙니다."
    ),
    "{count} of {total}: hand in the photographs themselves, not pictures of a monitor or print.": (
        "{total}장 중 {count}장: 모니터나 인쇄물을 찍은 사진 대신 원본 사진을 사용하십시오."
    ),
    "{count} of {total}: look straight at the surface, within {tilt:g}°.": (
        "{total}장 중 {count}장: 표면을 {tilt:g}° 이내로 똑바로 촬영하십시오."
    ),
    "{count} of {total}: let neighbouring pictures overlap by {overlap:.0%} and more.": (
        "{total}장 중 {count}장: 이웃한 사진이 {overlap:.0%} 이상 겹치게 하십시오."
    ),
    "{count} of {total}: keep the camera's metadata, or put a marker on the surface; without a scale there are no "
    "millimetres.": (
        "{total}장 중 {count}장: 카메라 메타데이터를 보존하거나 표면에 표지를 붙이십시오. 축척이 없으면 밀리미터 값을 알 수 없습니다."
    ),
    "{count} of {total}: keep ISO at {iso:g} or below.": "{total}장 중 {count}장: ISO를 {iso:g} 이하로 유지하십시오.",
    "{count} of {total}: widths of {wanted:g} mm need pixels up to {times:.1f} times smaller; go nearer, or take a longer "
    "lens.": (
        "{total}장 중 {count}장: {wanted:g} mm 폭을 재려면 픽셀이 최대 {times:.1f}배 작아야 합니다. 더 가까이 가거나 초점 거리가 더 긴 렌즈를 쓰십시오."
    ),
    # what a summary of an inspection says
    "{count} inspected": "{count}장 점검",
    "{count} could not be inspected": "{count}장은 점검하지 못함",
    "{count} left out": "{count}개 제외",
    "{images} may be judged wrongly: {problems}.": "판정이 틀릴 수 있는 {images}: {problems}.",
    "moved": "흔들림",
    "smoothed": "뭉개짐",
    "in glare": "빛 반사",
    "dark": "어두움",
    "of a screen": "화면 촬영",
    "{count} of them by an earlier run": "그중 {count}장은 이전 실행에서 점검",
    "Run lengths are in {path}.": "런 길이 파일: {path}.",
    "Findings are in {path}.": "점검 결과: {path}.",
    "Findings and {page} ({size} MB) are in {path}.": "점검 결과와 {page}({size} MB): {path}.",
    "scored": "점수만 계산",
    "score {score}": "점수 {score}",
}
