"""What reading, measuring and deciding say about an image, in Korean: English sentence with its values -> Korean.

A value in braces stands for whatever the English sentence holds there, which is looked up in turn and else quoted.
Sentences about a file begin with its name, so that a report can leave it away.
"""

# ruff: noqa: E501 - a Hangul letter counts as two

from __future__ import annotations

from collections.abc import Mapping

from blemish.errors import install_hint

_READING: Mapping[str, str] = {
    "8-bit: the bit range does not apply": "8비트: 값 범위가 적용되지 않음",
    "transparent pixels drawn on white": "투명한 픽셀은 흰색 위에 그림",
    "{bits}-bit: {low} to {high} scaled to 0 to 255": "{bits}비트: {low}~{high}를 0~255로 변환",
    "only {low} to {high} is used: give --bit-range {range} if that is the camera's range": (
        "{low}~{high}만 사용됨: 카메라의 값 범위라면 --bit-range {range} 지정"
    ),
    "{count} values below {limit} drawn black": "{limit} 미만의 값 {count}개는 검은색으로 그림",
    "1 value below {limit} drawn black": "{limit} 미만의 값 1개는 검은색으로 그림",
    "{count} values above {limit} drawn white": "{limit} 초과의 값 {count}개는 흰색으로 그림",
    "1 value above {limit} drawn white": "{limit} 초과의 값 1개는 흰색으로 그림",
    "{count} values below {limit} drawn white": "{limit} 미만의 값 {count}개는 흰색으로 그림",
    "1 value below {limit} drawn white": "{limit} 미만의 값 1개는 흰색으로 그림",
    "{count} values above {limit} drawn black": "{limit} 초과의 값 {count}개는 검은색으로 그림",
    "1 value above {limit} drawn black": "{limit} 초과의 값 1개는 검은색으로 그림",
    "first of more than {count} pages": "{count}쪽이 넘는 파일의 첫 쪽",
    "first of {count} pages": "{count}쪽 중 첫 쪽",
    "EXIF data damaged: taken to be upright": "EXIF 정보 손상: 바로 선 이미지로 봄",
    "CMYK turned into RGB without its colour profile": "CMYK를 색상 프로파일 없이 RGB로 변환",
    "{bits}-bit AVIF read at 8 bit": "{bits}비트 AVIF를 8비트로 읽음",
    "{bits}-bit HEIC read at 8 bit": "{bits}비트 HEIC를 8비트로 읽음",
    "camera raw developed with the camera's white balance": "카메라 RAW를 카메라의 화이트 밸런스로 현상",
    "bands 1 to 3 taken for red, green and blue": "밴드 1~3을 빨강, 초록, 파랑으로 봄",
    "{count} of {all} bands left out": "밴드 {all}개 중 {count}개 제외",
    "does not fit the detector's reference image, and was looked at as it lies": (
        "검출기의 기준 이미지와 맞지 않아 있는 그대로 점검함"
    ),
    "below {limit} px: too small to tell whether it shows a surface that this detector knows": (
        "{limit} px 미만: 너무 작아 검출기가 아는 표면인지 판별할 수 없음"
    ),
}

_REFUSED: Mapping[str, str] = {
    '"{name}" holds values that are not finite numbers.': '"{name}": 유한한 수가 아닌 값이 있습니다.',
    'The bit range {range} lies above "{name}", whose {bits}-bit values end at {white}.': (
        '"{name}": 값 범위 {range}가 이 파일의 {bits}비트 최댓값 {white}보다 높습니다.'
    ),
    '"{name}" holds {bits}-bit {kind} values from {low} to {high}; give --bit-range LOW,HIGH, the values to draw black and white, such as {range}.': (
        '"{name}": {low}~{high}의 {bits}비트 {kind} 값입니다. 검은색과 흰색으로 그릴 값을 --bit-range {range} 와 같이 지정하십시오.'
    ),
    "floating-point": "부동 소수점",
    "signed": "부호 있는",
    "unsigned": "부호 없는",
    "complex": "복소수",
    '"{name}" with {width} x {height} pixels does not fit into memory.': (
        '"{name}": {width} x {height} 픽셀로, 메모리에 담을 수 없습니다.'
    ),
    '"{name}" is cut short or damaged: its pixels cannot be decoded.': '"{name}": 파일이 잘렸거나 손상되어 픽셀을 읽을 수 없습니다.',
    '"{name}" is damaged: its header and its pixels disagree about the size.': (
        '"{name}": 파일이 손상되어 헤더와 픽셀의 크기가 서로 다릅니다.'
    ),
    '"{name}" has {width} x {height} pixels of {bytes} bytes each, more than the limit of {limit} megapixels; {needed}': (
        '"{name}": 픽셀당 {bytes}바이트인 {width} x {height} 픽셀로, 한도 {limit}메가픽셀을 넘습니다. {needed}'
    ),
    '"{name}" has {width} x {height} pixels, more than the limit of {limit} megapixels; {needed}': (
        '"{name}": {width} x {height} 픽셀로, 한도 {limit}메가픽셀을 넘습니다. {needed}'
    ),
    '"{name}" has {width} x {height} pixels in {size}, as files do that are made to fill the memory; {needed}': (
        '"{name}": {size} 파일에 {width} x {height} 픽셀이 들어 있어, 메모리를 채우려고 만든 파일로 보입니다. {needed}'
    ),
    "give --max-megapixels {limit} if it can be trusted.": "믿을 수 있는 파일이면 --max-megapixels {limit} 을 지정하십시오.",
    '"{name}" is a JPEG of {scans} scans, as files are that are made to take minutes; save it anew.': (
        '"{name}": 스캔이 {scans}개인 JPEG로, 처리를 지연시키려고 만든 파일로 보입니다. 다시 저장하십시오.'
    ),
    '"{name}" is cut short or damaged: the {kind} does not reach its end.': '"{name}": {kind} 파일이 잘렸거나 손상되어 끝까지 있지 않습니다.',
    '"{name}" is a JPEG of an unusual kind ({kind}); save it as PNG or TIFF.': (
        '"{name}": 특수한 JPEG입니다({kind}). PNG나 TIFF로 저장하십시오.'
    ),
    '"{name}" is a JPEG 2000 image of {bits}-bit signed values; save it as TIFF.': (
        '"{name}": 부호 있는 {bits}비트 JPEG 2000 이미지입니다. TIFF로 저장하십시오.'
    ),
    '"{name}" is a JPEG 2000 image of {bits}-bit values; save it as TIFF.': (
        '"{name}": {bits}비트 JPEG 2000 이미지입니다. TIFF로 저장하십시오.'
    ),
    '"{name}" is damaged: it has values above its full scale of {white}.': '"{name}": 파일이 손상되어 최댓값 {white}보다 큰 값이 있습니다.',
    '"{name}" is cut short: it has fewer values than its header says.': '"{name}": 파일이 잘려 헤더에 적힌 것보다 값이 적습니다.',
    '"{name}" is empty.': '"{name}": 빈 파일입니다.',
    '"{name}" is not an image, or of a kind that is not read; these are: {known}.': (
        '"{name}": 이미지가 아니거나 읽을 수 없는 형식입니다. 읽을 수 있는 형식: {known}.'
    ),
    '"{name}" is too large: {reason}': '"{name}": 너무 큽니다: {reason}',
    '"{name}" is cut short or damaged: it begins as {kind}, but its header cannot be read.': (
        '"{name}": {kind}처럼 시작하지만 잘렸거나 손상되어 헤더를 읽을 수 없습니다.'
    ),
    '"{name}" is a folder, not an image.': '"{name}": 이미지가 아니라 폴더입니다.',
    '"{name}" is not a regular file.': '"{name}": 일반 파일이 아닙니다.',
    'There is no file "{name}".': '"{name}": 파일이 없습니다.',
    'The link "{name}" leads to no file.': '"{name}": 링크가 가리키는 파일이 없습니다.',
    'Cannot open "{name}": {reason}.': '"{name}": 열 수 없습니다: {reason}.',
    'Cannot read "{name}": {reason}.': '"{name}": 읽을 수 없습니다: {reason}.',
    "No such file or directory": "파일이나 폴더가 없음",
    "Permission denied": "권한 없음",
    "Is a directory": "폴더임",
    "Input/output error": "입출력 오류",
    "File name too long": "파일 이름이 너무 김",
    '"{name}" is cut short: its pixels reach beyond its end.': '"{name}": 파일이 잘려 픽셀이 파일 끝을 넘어갑니다.',
    '"{name}" is cut short or damaged, or a TIFF {what} of a kind that is not read; save it as 8- or 16-bit grey or RGB.': (
        '"{name}": 파일이 잘렸거나 손상되었거나, 읽을 수 없는 종류의 TIFF입니다({what}). 8비트나 16비트 회색조 또는 RGB로 저장하십시오.'
    ),
    '"{name}" is a TIFF {what}, which is not read; save it as 8- or 16-bit grey or RGB.': (
        '"{name}": 읽을 수 없는 TIFF입니다({what}). 8비트나 16비트 회색조 또는 RGB로 저장하십시오.'
    ),
    "of {count} layers, a volume": "{count}층의 볼륨",
    "of {bits}-bit values with predictor {number}": "예측기 {number}을 쓴 {bits}비트 값",
    "whose samples differ in kind or depth ({bits} bit)": "샘플의 종류나 깊이가 서로 다름({bits}비트)",
    "of {bits}-bit {kind} values": "{bits}비트 {kind} 값",
    "of {bits}-bit inks that are not CMYK": "CMYK가 아닌 {bits}비트 잉크",
    "of {count} samples for {colours} colours": "색 {colours}개에 샘플 {count}개",
    '"{name}" is {kind} of floating-point values; save it as TIFF.': '"{name}": 부동 소수점 값의 {kind}입니다. TIFF로 저장하십시오.',
    '"{name}" is {kind} of a kind that LibRaw does not read; export the image as TIFF or JPEG.': (
        '"{name}": LibRaw가 읽지 못하는 {kind}입니다. 이미지를 TIFF나 JPEG로 내보내십시오.'
    ),
    f'"{{name}}" is {{kind}}, which is read once its extra is installed: {install_hint("{extra}")}.': (
        '"{name}": {kind}입니다. blemish 소스 폴더에서 pip install ".[{extra}]" 로 추가 패키지를 설치하면 읽을 수 있습니다.'
    ),
    '"{name}" is {kind}, which is not read; {remedy}.': '"{name}": {kind}이며 읽지 않습니다. {remedy}.',
    '"{name}" is too large to be inspected in the memory there is; cut it into tiles.': (
        '"{name}": 점검하기에 메모리가 부족합니다. 타일로 나누십시오.'
    ),
    "The detector's graph gives a {what} with values that are no finite numbers; train it again.": (
        "검출기의 그래프가 유한하지 않은 값을 냅니다({what}). 다시 학습하십시오."
    ),
    "The detector's graph gives a {what} of shape {given} where {right} is right; get the detector again.": (
        "검출기의 그래프가 내는 {what}의 모양이 {given}이며 {right}이어야 합니다. 검출기를 다시 받으십시오."
    ),
    "The detector's graph gives {given} where {right} are stated; get the detector again.": (
        "검출기의 그래프가 {right} 대신 {given}을 냅니다. 검출기를 다시 받으십시오."
    ),
    "The detector's graph failed on a batch of shape {shape}: {reason}": "검출기의 그래프가 {shape} 배치에서 실패했습니다: {reason}",
    "The detector's graph failed: {reason}": "검출기의 그래프가 실패했습니다: {reason}",
    "An image array must be (H, W), (H, W, 3) or (H, W, 4), not of shape {shape}.": (
        "이미지 배열은 (H, W), (H, W, 3), (H, W, 4) 중 하나여야 하며, 모양이 {shape}입니다."
    ),
    "The image array has no pixels: its shape is {shape}.": "이미지 배열에 픽셀이 없습니다. 모양이 {shape}입니다.",
    "An image array must be bool, uint8, uint16 or floating point in [0, 1], not {kind}.": (
        "이미지 배열은 bool, uint8, uint16 또는 [0, 1]의 부동 소수점이어야 하며, {kind}입니다."
    ),
    "The image array holds values that are not finite numbers.": "이미지 배열에 유한한 수가 아닌 값이 있습니다.",
    "A floating-point image array must lie in [0, 1], but reaches from {low} to {high}; scale it or give uint8.": (
        "부동 소수점 이미지 배열은 [0, 1] 안에 있어야 하지만 {low}~{high}입니다. 값을 변환하거나 uint8로 주십시오."
    ),
}

# These are looked up within sentences only.
KOREAN_KINDS: Mapping[str, str] = {
    "export it as TIFF or PNG": "TIFF나 PNG로 내보내십시오",
    "extract its images as PNG or TIFF, or give the file itself to blemish inspect": (
        "안의 이미지를 PNG나 TIFF로 꺼내거나 그 파일 자체를 점검 명령에 지정하십시오"
    ),
    "extract its frames as PNG or JPEG, or give the video itself to blemish inspect": (
        "프레임을 PNG나 JPEG로 꺼내거나 동영상 자체를 점검 명령에 지정하십시오"
    ),
    "unpack it": "압축을 푸십시오",
    "unpack it, or give a zip or tar file itself to blemish inspect": (
        "압축을 풀거나 압축 파일 자체를 점검 명령에 지정하십시오"
    ),
    "render views of it as PNG": "보이는 모습을 PNG로 그리십시오",
    "a camera raw file": "카메라 RAW 파일",
    "a Photoshop file": "Photoshop 파일",
    "a PDF": "PDF",
    "a video": "동영상",
    "an archive": "압축 파일",
    "an icon": "아이콘",
    "a vector drawing": "벡터 그림",
    "a point cloud": "점군",
    "a GIMP or Krita file": "GIMP 또는 Krita 파일",
    "a PostScript or Illustrator file": "PostScript 또는 Illustrator 파일",
    "an ECW or MrSID image": "ECW 또는 MrSID 이미지",
    "a NumPy array": "NumPy 배열",
    "a DDS texture": "DDS 텍스처",
    "a {kind} image": "{kind} 이미지",
    "an {kind} image": "{kind} 이미지",
    "a {kind} file": "{kind} 파일",
    "an {kind} file": "{kind} 파일",
    "a {kind}": "{kind}",
    "an {kind}": "{kind}",
}

_JUDGING: Mapping[str, str] = {
    "too small to be judged: {width} × {height} px, where {least} px a side are needed": (
        "너무 작아 판정할 수 없음: {width} × {height} px이며 한 변이 {least} px 이상이어야 함"
    ),
    "too dark to be judged: 99 % of its pixels lie at {level} of 255 or below; values of 10 or 12 bits in a file of 16 need their bit range": (
        "너무 어두워 판정할 수 없음: 픽셀의 99 %가 255 중 {level} 이하. 16비트 파일에 담긴 10비트나 12비트 값은 값 범위를 지정해야 함"
    ),
    "blown out: {part} of it is white; that also happens where it is transparent": (
        "노출 과다: {part}가 흰색. 투명한 이미지에서도 생김"
    ),
    "The scale cannot be told from an image that is read part by part; give it, as by --mm-per-px": (
        "나누어 읽는 이미지에서는 축척을 알 수 없음. --mm-per-px 등으로 지정해야 함"
    ),
    "blown out: {part} of it is at full scale": "노출 과다: {part}가 최대값",
    "too blurred to be judged": "너무 흐려 판정할 수 없음",
    "incomplete: {part} of it repeats one and the same line": "불완전: {part}에서 같은 줄이 반복됨",
    "unlike the surfaces that this detector knows ({surface}, limit {limit}): its score and its outlines may mean nothing here": (
        "검출기가 아는 표면과 다름({surface}, 한계 {limit}). 점수와 표시된 영역은 의미가 없을 수 있음"
    ),
    "unlike the surfaces that this detector knows ({surface}, limit {limit}): its score and its outlines may mean nothing here; by its score alone it would be {verdict}": (
        "검출기가 아는 표면과 다름({surface}, 한계 {limit}). 점수와 표시된 영역은 의미가 없을 수 있음. 점수만으로는 {verdict}"
    ),
    "out of focus: cracks may be missed and widths come out too large": (
        "초점이 맞지 않음: 균열을 놓칠 수 있고 폭이 실제보다 크게 나옴"
    ),
    "moved while it was taken: cracks may be missed and widths come out too large": (
        "촬영 중 흔들림: 균열을 놓칠 수 있고 폭이 실제보다 크게 나옴"
    ),
    "{part} of it is at full scale, as in glare: no crack can be told there": (
        "{part}가 빛 반사처럼 최대값임: 그곳의 균열은 알 수 없음"
    ),
    "dark, {part} of it black: cracks may be missed there": "어두움, {part}가 검은색: 그곳의 균열을 놓칠 수 있음",
    "dark, half of it below grey level {level}: cracks may be missed there": (
        "어두움, 절반이 밝기 {level} 미만임: 그곳의 균열을 놓칠 수 있음"
    ),
    "under a fine regular pattern, as a photographed monitor or print is: it may be no photo of a surface, and widths are those of the picture": (
        "촬영된 모니터나 인쇄물처럼 미세한 규칙 무늬가 덮임: 표면 사진이 아닐 수 있으며 폭은 그 화면의 폭임"
    ),
    "nothing is outlined: the image score alone decides": "표시된 영역 없음: 이미지 점수만으로 판정함",
    "1 region is outlined although the image score passes": "이미지 점수는 정상이지만 영역 1개가 표시됨",
    "{count} regions are outlined although the image score passes": "이미지 점수는 정상이지만 영역 {count}개가 표시됨",
    "the scores of images that are not rejected have left those of the calibration images": (
        "불량이 아닌 이미지의 점수가 보정 이미지의 점수와 달라짐"
    ),
    "{count} of {all} images were rejected, which only many defects or another camera, light or surface explain": (
        "이미지 {all}장 중 {count}장이 불량으로 판정됨. 결함이 많거나 카메라, 조명, 표면이 바뀐 경우에만 가능함"
    ),
    "{count} of {all} images use only a part of the values that their files can hold, as 12-bit values in a 16-bit file do, and look nearly uniform when read at full scale: give --bit-range {range} if that is the camera's range.": (
        "이미지 {all}장 중 {count}장이 16비트 파일에 담긴 12비트 값처럼 파일이 담을 수 있는 값의 일부만 사용하여 거의 균일하게 보입니다. 카메라의 값 범위라면 --bit-range {range} 를 지정하십시오."
    ),
    'Line {number} of "{path}", the last, is cut off: its image is missing here, and so is any after it.': (
        '"{path}"의 마지막 줄({number}번째)이 잘려 그 이미지와 이후의 이미지가 빠져 있습니다.'
    ),
}

_MEASURING: Mapping[str, str] = {
    "crack {number}: {doubt}": "균열 {number}: {doubt}",
    "{count} more cracks whose outlines the image does not confirm": "그 밖에 이미지가 외곽선을 뒷받침하지 않는 균열 {count}개",
    "the image is darker beside the outline than within it": "이미지가 외곽선 안보다 옆에서 더 어두움",
    "the image shows nothing dark within the outline": "외곽선 안에 어두운 것이 보이지 않음",
    "the image is dark beyond the outline too: the crack may be much wider": (
        "외곽선 밖도 어두움: 균열이 훨씬 더 넓을 수 있음"
    ),
    "the image shows a line of about {width} px within the outline": "외곽선 안에 폭 약 {width} px의 선이 보임",
    "{count} cracks shorter than all others were not measured": "가장 짧은 균열 {count}개는 측정하지 않음",
    "This is no crack mask: on {width} x {height} px the outlines of its white parts are {length} px long, as those of noise are; give a mask that is white in cracks alone": (
        "균열 마스크가 아님: {width} x {height} px에서 흰 부분의 외곽선 길이가 잡음처럼 {length} px임. 균열만 흰 마스크를 주어야 함"
    ),
    "No ArUco or AprilTag marker was found in the image of {width} x {height} px; show a whole, sharp marker with a white margin around it, or give the scale in another way": (
        "{width} x {height} px 이미지에서 ArUco나 AprilTag 마커를 찾지 못함. 흰 여백이 있는 선명한 마커 전체를 담거나 축척을 다른 방법으로 주어야 함"
    ),
    "A scale of {scale} mm per pixel ({source}) cannot be right: it must lie between {least} and {most}": (
        "픽셀당 {scale} mm의 축척({source})은 맞을 수 없음: {least}~{most}여야 함"
    ),
    "A surface {distance} mm away cannot be in focus with a lens of {focal} mm; check the two": (
        "초점 거리 {focal} mm 렌즈로는 {distance} mm 떨어진 표면에 초점을 맞출 수 없음. 두 값을 확인해야 함"
    ),
    "The image's file says nothing of lens and distance, so it tells no scale": (
        "이미지 파일에 렌즈와 거리 정보가 없어 축척을 알 수 없음"
    ),
    'The table "{file}" has no row for this image': '표 "{file}"에 이 이미지의 행이 없음',
    "The point of the scale at {x}, {y} lies outside the image of {width} x {height} px; give x and y in pixels from the upper left corner of the image as it is shown": (
        "축척의 점 {x}, {y}가 {width} x {height} px 이미지 밖에 있음. 보이는 이미지의 왼쪽 위 모서리부터 픽셀로 주어야 함"
    ),
    "The corner of the plane at {x}, {y} lies outside the image of {width} x {height} px; give x and y in pixels from the upper left corner of the image as it is shown": (
        "평면의 모서리 {x}, {y}가 {width} x {height} px 이미지 밖에 있음. 보이는 이미지의 왼쪽 위 모서리부터 픽셀로 주어야 함"
    ),
    "The image's metadata hold no distance to the surface, so they tell no scale": "이미지의 메타데이터에 표면까지의 거리가 없어 축척을 알 수 없음",
    "The image's metadata hold a height above take-off, which is the distance to the surface only where the camera looks straight down, and it does not; so they tell no scale": (
        "이미지의 메타데이터에 이륙 지점 기준 높이가 있으나, 카메라가 똑바로 아래를 볼 때만 표면까지의 거리이므로 축척을 알 수 없음"
    ),
    "The image's metadata hold a height of {height} m, so they tell no scale": "이미지의 메타데이터에 적힌 높이가 {height} m여서 축척을 알 수 없음",
    "The image has {width} x {height} px and was taken with {taken_width} x {taken_height}: it was cropped, so that its metadata tell no scale": (
        "이미지는 {width} x {height} px이고 {taken_width} x {taken_height}로 촬영됨: 잘린 이미지여서 메타데이터로 축척을 알 수 없음"
    ),
    "The image's metadata hold no focal length with a sensor size, so they tell no scale": (
        "이미지의 메타데이터에 초점 거리와 센서 크기가 함께 있지 않아 축척을 알 수 없음"
    ),
    "a marker of {side} mm in each image": "각 이미지의 {side} mm 마커",
    "each image's metadata": "각 이미지의 메타데이터",
    'the table "{file}" ({count} rows)': '표 "{file}" ({count}행)',
    "two points {length} mm apart": "{length} mm 떨어진 두 점",
    "the corners of a rectangle of {across} x {down} mm": "{across} x {down} mm 직사각형의 모서리",
    "a camera {distance} mm away, focal length {focal} mm, sensor {sensor} mm wide": (
        "거리 {distance} mm, 초점 거리 {focal} mm, 센서 폭 {sensor} mm의 카메라"
    ),
    "{scale} mm per pixel ({source})": "픽셀당 {scale} mm ({source})",
    "told for each image by {name}": "이미지마다 {name}(으)로 정함",
    "given": "지정",
    "two points": "두 점",
    "marker": "마커",
    "four points of a plane": "평면의 네 점",
    "camera distance and optics": "카메라 거리와 광학계",
    '"{file}", row "{row}"': '"{file}", 행 "{row}"',
    "metadata: {distance}, camera straight down, {lens}": "메타데이터: {distance}, 카메라 수직 하향, {lens}",
    "metadata: {distance}, {lens}": "메타데이터: {distance}, {lens}",
    "laser distance {metres} m": "레이저 거리 {metres} m",
    "focus distance {metres} m": "초점 거리계 {metres} m",
    "height above take-off {metres} m": "이륙 지점 기준 높이 {metres} m",
    "focal length {focal} mm, pixel pitch {pitch} µm": "초점 거리 {focal} mm, 픽셀 간격 {pitch} µm",
    "focal length {focal} mm (35 mm film)": "초점 거리 {focal} mm (35 mm 필름 환산)",
}

_GRADES: Mapping[str, str] = {
    "Narrow, moderate, wide (AASHTO style)": "좁음, 보통, 넓음 (AASHTO 방식)",
    "narrow": "좁음",
    "moderate": "보통",
    "wide": "넓음",
    "Korean facility-safety grades, reinforced concrete": "시설물 안전 등급, 철근 콘크리트",
    "ACI 224R exposure conditions": "ACI 224R 노출 조건",
    "to {width} mm: water-retaining": "{width} mm 이하: 수조 구조물",
    "{from_width}-{to_width} mm: sea water, spray": "{from_width}-{to_width} mm: 해수, 물보라",
    "{from_width}-{to_width} mm: de-icing salts": "{from_width}-{to_width} mm: 제설염",
    "{from_width}-{to_width} mm: moist air, soil": "{from_width}-{to_width} mm: 습한 공기, 흙",
    "{from_width}-{to_width} mm: dry air": "{from_width}-{to_width} mm: 건조한 공기",
    "Eurocode 2 exposure classes": "Eurocode 2 노출 등급",
    "{from_width}-{to_width} mm: above prestressed": "{from_width}-{to_width} mm: 프리스트레스트 기준 초과",
    "{from_width}-{to_width} mm: above {classes}": "{from_width}-{to_width} mm: {classes} 기준 초과",
    "over {width} mm: above {classes}": "{width} mm 초과: {classes} 기준 초과",
    "AS 3735 liquid-retaining structures": "AS 3735 수조 구조물",
    "to {width} mm": "{width} mm 이하",
    "over {width} mm": "{width} mm 초과",
    "AS 3735, as quoted in secondary sources": "AS 3735, 2차 자료에 인용된 것",
    "About 0.10 mm as a mean width, 0.15 mm for flexural cracks without wetting and drying in turn; here the largest width is graded. A guide, no verdict on the structure.": (
        "평균 폭 약 0.10 mm, 건습이 반복되지 않는 휨 균열은 0.15 mm이며, 여기서는 최대 폭의 등급을 매깁니다. 참고용이며 구조물에 대한 판정이 아닙니다."
    ),
    "AASHTO-style condition surveys of decks and pavements (1/16 and 1/8 inch), as quoted in secondary sources": (
        "AASHTO 방식의 바닥판과 포장 상태 조사(1/16, 1/8인치), 2차 자료에 인용된 것"
    ),
    "Steps that surveys sort cracks by, meant for sorting and no verdict on the structure.": (
        "조사에서 균열을 분류하는 단계로, 분류용이며 구조물에 대한 판정이 아닙니다."
    ),
    "Detailed guideline for safety inspection and precise safety diagnosis of facilities (MOLIT, KALIS), from memory; the steps at 0.3, 0.5 and 1.0 mm agree with a secondary source on one-way cracks in bridge decks, the one at 0.1 mm was not found": (
        "시설물의 안전 및 유지관리 실시 세부지침(국토교통부, 국토안전관리원), 기억에 따른 것. 0.3, 0.5, 1.0 mm 단계는 교량 바닥판 1방향 균열에 관한 2차 자료와 일치하며, 0.1 mm 단계는 확인하지 못함"
    ),
    "The guideline also weighs the cracked fraction of the surface, which is not done here; prestressed members have stricter steps. Check against the official sheet before use. A guide, no verdict on the structure.": (
        "지침은 균열 면적률도 함께 평가하지만 여기서는 하지 않으며, 프리스트레스트 부재의 단계는 더 엄격합니다. 사용 전에 공식 표와 대조하십시오. 참고용이며 구조물에 대한 판정이 아닙니다."
    ),
    "ACI 224R, Table 4.1, guide to reasonable crack widths, as quoted in textbooks": "ACI 224R 표 4.1 합리적 균열 폭 지침, 교과서에 인용된 것",
    "A guide for design: the report itself expects a fraction of a structure's cracks to be considerably wider. The grade names the mildest exposure that the table still gives such a width for, no verdict on the structure.": (
        "설계용 지침으로, 보고서 스스로 구조물의 균열 일부는 상당히 더 넓을 것으로 봅니다. 등급은 표에서 그 폭이 허용되는 가장 약한 노출 조건이며, 구조물에 대한 판정이 아닙니다."
    ),
    "EN 1992-1-1:2004, Table 7.1N, recommended values of w_max": "EN 1992-1-1:2004 표 7.1N, w_max 권장값",
    "The table limits calculated widths under the quasi-permanent load (frequent for prestressed members, which in XD and XS are to stay in compression instead); national annexes may differ. A measured width is a reason to look, no verdict on the structure.": (
        "표는 준영구 하중에서 계산한 폭을 제한합니다(프리스트레스트 부재는 빈번 하중이며, XD와 XS에서는 압축 상태를 유지해야 함). 국가 부속서에 따라 다를 수 있습니다. 측정한 폭은 살펴볼 이유이며, 구조물에 대한 판정이 아닙니다."
    ),
}

_COMMANDS: Mapping[str, str] = {
    "Error: {error}": "오류: {error}",
    "Skipped: {error}": "건너뜀: {error}",
    "Note: {note}": "참고: {note}",
    "Left out {count} {suffix}: {kind}, which is not read; {remedy}.": (
        "{suffix} 파일 {count}개 제외: {kind}이며 읽지 않습니다. {remedy}."
    ),
    "Left out {count} {suffix}: {reason}.": "{suffix} 파일 {count}개 제외: {reason}.",
    "None of the images could be inspected.": "점검할 수 있는 이미지가 하나도 없습니다.",
    "Stopped. Nothing was left half-written.": "중지했습니다. 쓰다 만 파일은 없습니다.",
    "The inspection has not come to its end: some images are not inspected yet.": (
        "점검이 끝나지 않아 아직 점검하지 않은 이미지가 있습니다."
    ),
    "{file} has {size} MB.": "{file}의 크기는 {size} MB입니다.",
}

KOREAN_NOTES: Mapping[str, str] = {
    **_READING,
    **_REFUSED,
    **KOREAN_KINDS,
    **_JUDGING,
    **_MEASURING,
    **_GRADES,
    **_COMMANDS,
}
