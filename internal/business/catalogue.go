package business

import (
	"fmt"
	"strings"
)

// message is a problem's wording. The verbs are numbered (%[1]v), so that the two
// languages may use the details in their own order and leave some out.
type message struct{ en, enCure, zh, zhCure string }

func fill(format string, args []any) string {
	if !strings.Contains(format, "%") {
		return format
	}
	return fmt.Sprintf(format, args...)
}

// catalogue is every problem in both languages.
func catalogue() map[string]message {
	return map[string]message{
		// files
		"no_business":     {"there is no business.yaml in this folder", "name the folder of a business, or begin one with hotline init", "文件夹里没有 business.yaml", "请指定业务文件夹，或用 hotline init 新建一个"},
		"unreadable":      {"cannot be read: %[1]v", "check that it is a file and that the server may read it", "读不了：%[1]v", "请确认它是普通文件，并且服务有权限读取"},
		"encoding":        {"some characters are in no encoding we know", "save it again as UTF-8", "有些字符认不出编码", "请另存为 UTF-8 编码"},
		"syntax":          {"not readable as YAML: %[1]v", "check indentation, colons and quotes on this line and the one before", "YAML 格式有误：%[1]v", "请检查这一行和上一行的缩进、冒号和引号"},
		"quote":           {"a quotation mark is opened here and never closed", "close it, or write a mark inside a field twice (\"\")", "这里的双引号没有配对", "请补上另一半；单元格内容里的双引号要写成两个"},
		"workbook":        {"not readable as a workbook: %[1]v", "save it again as .xlsx, without a password", "不是能读取的 Excel 文件：%[1]v", "请重新另存为 .xlsx，不要加密码"},
		"unknown_file":    {"this kind of file is not read", "save it as .csv, .xlsx or .yaml, or move it elsewhere", "不读取这种文件", "请另存为 .csv、.xlsx 或 .yaml，或移到别处"},
		"empty_file":      {"holds no rows", "fill it or delete it", "里面没有内容", "请填写内容或删除文件"},
		"no_knowledge":    {"there are no questions and answers", "put a knowledge/questions.csv with the columns question and answer into the folder", "没有任何问答", "请在文件夹里放 knowledge/问答.csv，至少有“问题”和“答案”两列"},
		"no_headings":     {"the first row has no columns question and answer (it reads: %[1]v)", "make the first row the headings: question, answer, variants", "第一行没有“问题”和“答案”两个列名（现在是：%[1]v）", "请把第一行写成列名：问题、答案、相似问"},
		"too_many_fields": {"the row has %[1]v fields, the headings are %[2]v", "put quotes around an answer that holds a comma", "这一行有 %[1]v 列，表头只有 %[2]v 列", "内容里有逗号时，请用双引号把整个单元格括起来"},
		"ragged":          {"the row has %[1]v fields, the headings are %[2]v", "put quotes around a value that holds a comma, and fill missing ones with nothing between commas", "这一行有 %[1]v 列，表头是 %[2]v 列", "内容里有逗号请加双引号，缺的列请留空补齐"},

		// keys and values
		"unknown_key":      {"%[1]q is not known here", "known are: %[2]v", "不认识“%[1]v”", "这里可以写：%[2]v"},
		"unknown_key_near": {"%[1]q is not known here", "did you mean %[2]q?", "不认识“%[1]v”", "是不是想写“%[2]v”？"},
		"duplicate_key":    {"%[1]q stands here twice", "keep one of them", "“%[1]v”写了两次", "请只保留一个"},
		"wrong_value":      {"%[1]q is not %[2]v", "write %[2]v", "“%[1]v”填得不对", "应当是：%[2]v"},
		"missing":          {"is missing", "%[1]v", "没有填写", "%[2]v"},
		"date":             {"%[1]q is no date that can be read without doubt", "write 2026-10-01", "日期“%[1]v”看不懂", "请写成 2026-10-01"},
		"timezone":         {"the time zone %[1]q does not exist", "write Asia/Shanghai or America/New_York", "没有“%[1]v”这个时区", "请写 Asia/Shanghai 这样的名称"},
		"language":         {"the language %[1]q is not spoken", "write zh or en", "不支持语言“%[1]v”", "请写 zh 或 en"},
		"range":            {"%[1]v is out of range", "write a value from %[2]v to %[3]v", "“%[1]v”超出范围", "请填 %[2]v 到 %[3]v 之间的值"},

		// campaigns
		"campaign_line":      {"there is no line %[1]q", "known are: %[2]v", "没有线路“%[1]v”", "已有的是：%[2]v"},
		"campaign_abandoned": {"nothing is said to who answers when no agent is free", "write abandoned: who called, that you will call back, and the key of opt_out", "predictive 模式没写 abandoned：接通了却没有坐席时说什么", "请写一句：谁打来的、稍后再打给您、不想再接请按哪个键"},
		"campaign_no_task":   {"nothing follows the greeting", "name a flow under task:, or say all in the greeting", "开场白之后没有安排流程", "请在 task: 写流程名；如果只是通知，可以不管"},
		"campaign_name":      {"the greeting does not name %[1]v", "say for whom it calls, first", "开场白没有说“%[1]v”", "第一句就要说是哪家来电"},
		"campaign_record":    {"the greeting does not say that the call is recorded", "add it, or the line's own disclosure is said before it", "开场白没有说明通话会录音", "请加上；不加的话，会先念一遍线路自己的开场说明"},
		"campaign_decline":   {"the greeting does not say that one may say no", "add that a word is enough not to be called again, or ask whether it is a good time", "开场白没有说可以拒绝", "请加一句“不方便随时可以挂”或“不想再接到，说一声就行”"},
		"campaign_long":      {"takes about %[1]v seconds to say", "keep it below %[2]v", "说完大约要 %[1]v 秒", "请控制在 %[2]v 秒以内"},

		// lines and people
		"no_lines":         {"no line is set up, so no call is answered", "add one under lines: with a name and numbers", "没有设置线路，电话打进来没人接", "请在 lines 下至少写一条线路（name、numbers）"},
		"no_default":       {"no line is the default; numbers that are not listed are answered by %[1]q", "mark one line with default: true", "没有默认线路，未列出的号码将由“%[1]v”接听", "请给其中一条线路写上 default: true"},
		"two_defaults":     {"both %[1]q and %[2]q are the default", "leave default: true on one of them", "“%[1]v”和“%[2]v”都是默认线路", "请只保留一个 default: true"},
		"number_twice":     {"the number %[1]v is on line %[2]q already", "take it off one of the two", "号码 %[1]v 已经属于线路“%[2]v”", "请从其中一条线路删掉"},
		"number_odd":       {"%[1]q is not a number that can be called", "write digits, or a word of letters and digits", "“%[1]v”不是能拨打的号码", "请写数字，或由字母和数字组成的名称"},
		"name_twice":       {"the name %[1]q is taken already", "give it another one", "名称“%[1]v”重复了", "请换一个名称"},
		"business_missing": {"there is no business in the folder %[1]q", "write the way to a folder with a business.yaml, counted from this one", "文件夹“%[1]v”里没有业务", "请写含有 business.yaml 的文件夹（相对于本文件夹）"},
		"business_loop":    {"the folder %[1]q leads back to this one", "a line cannot live in two folders that point at each other", "文件夹“%[1]v”又指回了这里", "两个业务文件夹不能互相引用"},
		"line_missing":     {"the folder %[1]q has no line %[2]q", "name one of its lines under from:", "文件夹“%[1]v”里没有线路“%[2]v”", "请在 from: 写那边已有的线路名"},
		"other_line":       {"there is no line %[1]q", "known are: %[2]v", "没有线路“%[1]v”", "已有的是：%[2]v"},
		"other_same":       {"line %[1]q speaks %[2]q, as %[3]q does", "name one line for each other language", "线路“%[1]v”说的是“%[2]v”，和“%[3]v”一样", "每种其他语言只写一条线路"},
		"voice_missing":    {"no voice is set for language %[1]q", "add one under voices:, kokoro-v1.0/zf_xiaoxiao say", "语言“%[1]v”没有设置声音", "请在 voices 下填写，例如 kokoro-v1.0/zf_xiaoxiao"},
		"skill_missing":    {"there is no skill %[1]q", "known are: %[2]v", "没有技能组“%[1]v”", "已有的是：%[2]v"},
		"agent_missing":    {"there is no agent %[1]q", "known are: %[2]v", "没有坐席“%[1]v”", "已有的是：%[2]v"},
		"agent_name":       {"an agent cannot have the account %[1]q", "use letters, digits, dots, - and _, at most 64 of them; the name that people see goes into title", "坐席的账号不能写“%[1]v”", "请用字母、数字、汉字、点、- 和 _，最多 64 个；显示的名字写在 title 里"},
		"skill_empty":      {"nobody has the skill %[1]q", "give it to an agent, or callers who need it will only be offered a callback", "技能组“%[1]v”里没有坐席", "请把它分给坐席，否则只能给来电人回拨"},
		"skill_language":   {"nobody with the skill %[1]q speaks %[2]q, which line %[3]q needs", "add the language to an agent of that skill", "技能组“%[1]v”没有会“%[2]v”的坐席，而线路“%[3]v”需要", "请给该技能组的坐席加上这种语言"},
		"menu_key":         {"%[1]q is not a key that can be set", "write one of 1–9; 0 is always a person and * says it again", "按键“%[1]v”不能设置", "请写 1–9;0 固定转人工,* 固定再说一遍"},
		"menu_target":      {"the key must do one thing", "give it one of pair, flow and skill", "按键应当只做一件事", "pair、flow、skill 请正好写一个"},
		"category_missing": {"no question has the category %[1]q", "write one that stands in knowledge/", "没有分类是“%[1]v”的问题", "请写 knowledge/ 里已有的分类"},
		"menu_pair":        {"there is no question with the id %[1]q", "write the id of a row in knowledge/", "知识库里没有编号为“%[1]v”的问题", "请写 knowledge/ 里已有的编号"},
		"menu_pair_near":   {"there is no question with the id %[1]q", "did you mean %[2]q?", "知识库里没有编号为“%[1]v”的问题", "是不是想写“%[2]v”？"},

		"queue_strategy":      {"%[1]q is no way to choose an agent", "write longest-idle or by-skill-level", "不认识派单方式“%[1]v”", "请写 longest-idle(最久空闲)或 by-skill-level(技能最强)"},
		"ticket_name":         {"ticket type %[1]v has no name, or another one's", "give each a name of its own, which flows write as kind", "第 %[1]v 种工单没有名称，或与别的重名", "请各写一个名称，流程里的 kind 就写它"},
		"ticket_priority":     {"%[1]q is no priority", "write low, normal, high or urgent", "不认识优先级“%[1]v”", "请写 low、normal、high 或 urgent"},
		"ticket_field":        {"a field of ticket type %[1]q has no name, or another one's", "give each a name of its own", "工单“%[1]v”有一项没有名称，或重名", "请各写一个名称"},
		"ticket_agent":        {"there is no agent %[1]q", "known are: %[2]v", "没有坐席“%[1]v”", "已有的是：%[2]v"},
		"customer_table":      {"there is no table %[1]q with a column %[2]q", "look up the names in tables/", "没有带“%[2]v”列的表“%[1]v”", "请核对 tables/ 里的文件名和列名"},
		"queue_team":          {"no agent is in a team %[1]q", "known are: %[2]v", "没有坐席属于班组“%[1]v”", "已有的是：%[2]v"},
		"queue_overflow_late": {"others would help after %[1]v, but callers wait %[2]v at most", "make after: shorter or max_wait: longer", "%[1]v 后才请别人帮忙，可来电人最多等 %[2]v", "请把 after 改短，或把 max_wait 改长"},
		"queue_scene":         {"no question is of a scene %[1]q", "known are: %[2]v", "没有问题属于场景“%[1]v”", "已有的是：%[2]v"},
		"queue_kind":          {"nothing is called %[1]q, so this head start counts for nobody", "write a flow's name, a question's id or an intent", "没有叫“%[1]v”的事项，这条加时不起作用", "请写流程名、问题编号或意图"},
		"queue_music":         {"the music %[1]q cannot be used: %[2]v", "put a .wav file into the folder and name it here", "等待音乐“%[1]v”用不了：%[2]v", "请把 .wav 文件放进业务文件夹，再写上文件名"},

		"engine": {"the dialogue system cannot be used", "%[1]v", "对话系统的设置不能用", "%[2]v"},

		// opening
		"opening_long":   {"the opening takes about %[1]v s to say; callers hang up on more than 6", "say the name, that it is a machine and is recorded, and one open question, no more", "开场白大约要 %[1]v 秒，超过 6 秒来电人会不耐烦", "只说店名、是智能助手、会录音，再问一句要办什么"},
		"opening_name":   {"the opening does not say the business's name (%[1]v)", "say who the caller has reached", "开场白没有报出“%[1]v”", "请先告诉来电人打到了哪里"},
		"opening_bot":    {"the opening does not say that a machine is speaking", "say so: callers have a right to know, and the law of many places demands it", "开场白没有说明是智能助手", "请说明，这是来电人的知情权，很多地方的法律也有要求"},
		"opening_record": {"calls are recorded and the opening does not say so", "say it in the disclosure, set recording.announcement, or set recording.off", "会录音，但开场白没有告知", "请在 disclosure 里告知，或填写 recording.announcement，或关闭录音"},
		"opening_empty":  {"the line says nothing when it answers", "fill in disclosure.text and greeting", "这条线路接通后什么也不说", "请填写 disclosure.text 和 greeting"},

		"early_nothing": {"nothing can be said before the answer: no part of the opening must be heard", "fill in disclosure.text without interruptible, or take answer.early_media out", "接通前没有内容可播：开场白里没有必须听完的部分", "请填写 disclosure.text（不要设 interruptible），或删掉 answer.early_media"},

		// hours
		"holiday_order":   {"the holiday ends (%[2]v) before it begins (%[1]v)", "swap the two dates", "假期结束日（%[2]v）早于开始日（%[1]v）", "请对调两个日期"},
		"holiday_overlap": {"the holiday overlaps %[1]q", "let each day belong to one holiday", "和假期“%[1]v”重叠", "每一天只能属于一个假期"},
		"workday_holiday": {"%[1]v is both a make-up workday and part of %[2]q", "take it out of one of them", "%[1]v 既是调休上班日，又在“%[2]v”里", "请从其中一处删掉"},
		"workday_weekday": {"%[1]v is a weekday anyway", "make-up workdays are Saturdays and Sundays; check the date", "%[1]v 本来就是工作日", "调休上班日应当是周六或周日，请核对日期"},
		"never_open":      {"people can never be reached by these hours", "give at least one day its hours", "按这个时间，人工永远不上班", "请至少给一天填上时间"},

		// knowledge
		"question_empty":    {"the question is empty", "write it, or delete the row", "问题是空的", "请填写问题，或删掉这一行"},
		"question_repeated": {"the row has the same question and answer as %[1]v", "delete one of the two", "和 %[1]v 的问题、答案都一样", "请删掉其中一条"},
		"contradiction":     {"the question has another answer at %[1]v", "keep one answer, or give the rows dates or lines that do not overlap", "同一个问题在 %[1]v 有不同的答案", "请只保留一个答案，或让两条的有效期、线路不重叠"},
		"variant_shared":    {"the wording %[1]q also belongs to %[2]v, with another answer", "leave it with one of the two questions", "说法“%[1]v”也写在 %[2]v，答案却不同", "请只留给其中一个问题"},
		"variant_repeated":  {"the wording %[1]q stands in this row twice", "delete one", "说法“%[1]v”在这一行写了两次", "请删掉一个"},
		"answer_empty":      {"the answer is empty", "write it, or name a flow", "答案是空的", "请填写答案，或指定流程"},
		"id_repeated":       {"the id %[1]q is used at %[2]v already", "give each question its own", "编号“%[1]v”在 %[2]v 已经用过", "每个问题请用不同的编号"},
		"id_odd":            {"the id %[1]q has characters that ids cannot have", "use letters, digits, - and _", "编号“%[1]v”含有不能用的字符", "请用字母、数字、- 和 _"},
		"dates_order":       {"it ends (%[2]v) before it begins (%[1]v)", "swap the two dates", "失效日期（%[2]v）早于生效日期（%[1]v）", "请对调两个日期"},
		"expired":           {"it has not counted since %[1]v", "give it a new date, or delete the row", "%[1]v 之后已经失效", "请更新日期，或删掉这一行"},
		"row_line":          {"there is no line %[1]q", "known are: %[2]v", "没有线路“%[1]v”", "已有的是：%[2]v"},

		"near_duplicate":     {"it means much the same as %[1]q at %[2]v, with the same answer", "make it another wording of that question", "和 %[2]v 的“%[1]v”意思相近，答案相同", "请并入那一条，作为相似问"},
		"near_contradiction": {"it means much the same as %[1]q at %[2]v, which has another answer", "make sure that both answers are true, or keep one", "和 %[2]v 的“%[1]v”意思相近，答案却不同", "请确认两个答案都对，或只保留一条"},

		// how answers sound
		"speech_long":      {"it takes about %[1]v s to say; more than %[2]v are not listened to", "say the answer first and leave the rest for a question or a text message", "念出来大约要 %[1]v 秒，超过 %[2]v 秒没人听得完", "先说结论，其余的等来电人追问，或发短信"},
		"speech_sentences": {"it has %[1]v sentences", "at most two: the answer, then one more thing", "有 %[1]v 句话", "最多两句：先说结论，再补充一句"},
		"speech_list":      {"it lists %[1]v things", "name at most three and offer to text the rest", "一口气列了 %[1]v 样", "最多说三样，其余的可以发短信"},
		"speech_url":       {"%[1]q cannot be taken down from a telephone", "say where to find it, or offer to text it", "“%[1]v”在电话里记不下来", "请说在哪里能找到，或者发短信"},
		"speech_latin":     {"%[1]q is spelled letter by letter", "say it in Chinese, put it into spoken, or list it under terms if people say it so", "“%[1]v”会被逐个字母念出来", "请换成中文说法，或写在“口播”里；大家确实这么说的，请加进 terms"},
		"speech_marks":     {"%[1]q cannot be spoken", "write the words", "“%[1]v”念不出来", "请用文字表达"},
		"speech_look":      {"%[1]q asks the caller to look at something", "say it in a way that works without a screen", "“%[1]v”要来电人看屏幕才能懂", "请换成只听也能明白的说法"},
		"speech_polite":    {"it says 你", "say 您", "用了“你”", "请用“您”"},
		"speech_number":    {"the number %[1]v is too long to follow", "break it into groups: 400-800-1234", "“%[1]v”太长，听不清", "请分段写，例如 400-800-1234"},

		"intent_file":    {"%[1]v", "the first line is text,intent; each further line a text and the name of what it wants", "%[1]v", "第一行写 text,intent，下面每行一句话和它的意图"},
		"intent_unknown": {"no file in intents/ has examples of the intent %[1]q", "add some, or take it out here", "intents/ 里没有意图“%[1]v”的例句", "请补上例句，或把这里删掉"},
		"moderation":     {"%[1]v", "see docs/moderation.md for how the files are written", "%[1]v", "写法见 docs/moderation.md"},

		// tasks
		"flow_many":         {"there are more than %[1]v flows", "put those of another business into its own folder", "流程超过 %[1]v 个", "请把别的业务放到它自己的文件夹"},
		"flow_twice":        {"there is another flow named %[1]q", "give it another name", "流程名“%[1]v”重复了", "请换一个名字"},
		"flow_no_name":      {"the flow has no name", "write name: and a short word", "流程没有名字", "请写 name: 加一个短名"},
		"flow_no_title":     {"the flow has no title", "write what it is about, as it is spoken", "流程没有标题", "请在 title 写这件事怎么说，例如“查物流”"},
		"flow_pair":         {"there is no question with the id %[1]q", "write the id of a row in knowledge/", "知识库里没有编号为“%[1]v”的问题", "请写 knowledge/ 里已有的编号"},
		"flow_pair_twice":   {"the question %[1]q begins the flow %[2]q already", "take it out of one of the two", "问题“%[1]v”已经属于流程“%[2]v”", "请从其中一个流程里删掉"},
		"flow_skill":        {"there is no skill %[1]q", "known are: %[2]v", "没有技能组“%[1]v”", "已有的是：%[2]v"},
		"flow_many_slots":   {"there are more than %[1]v slots", "split the flow in two", "要问的内容超过 %[1]v 项", "请拆成两个流程"},
		"flow_no_steps":     {"the flow does nothing", "write at least one step under steps:", "流程里没有步骤", "请在 steps 下至少写一步"},
		"flow_name":         {"%[1]q cannot be a name", "use letters, digits and _, not beginning with a digit, and no name that is taken", "“%[1]v”不能当名字", "请用汉字、字母、数字和下划线，不要用数字开头，也不要重名"},
		"flow_slot_twice":   {"the slot %[1]q stands here twice", "keep one of them", "“%[1]v”写了两次", "请只保留一个"},
		"flow_slot":         {"the slot %[1]q does not work: %[2]v", "see docs/flows.md for the types and their settings", "“%[1]v”的设置有问题：%[2]v", "类型和写法见 docs/flows.md"},
		"flow_no_ask":       {"nothing asks for %[1]q", "write the question under ask:", "没有写怎么问“%[1]v”", "请在 ask 写上问句"},
		"flow_length":       {"%[1]q is no length", "write 12, or 8-12", "长度“%[1]v”看不懂", "请写 12 或 8-12"},
		"flow_one_of":       {"%[1]q is not known here", "write one of: %[2]v", "这里不能写“%[1]v”", "可以写：%[2]v"},
		"flow_brace":        {"a brace is opened in %[1]q and not closed", "write {name}", "“%[1]v”的花括号没有配对", "请写成 {名字}"},
		"flow_form":         {"there is no form %[1]q", "write one of: %[2]v", "没有“%[1]v”这种念法", "可以写：%[2]v"},
		"flow_unknown":      {"%[1]q is neither a slot nor something looked up or set", "known are: %[2]v", "“%[1]v”既不是要问的内容，也没有查到或设过", "已有的是：%[2]v"},
		"flow_row":          {"%[1]q is a row; say which column", "write {%[1]v.column}", "“%[1]v”是一整行，要写明哪一列", "请写成 {%[1]v.列名}"},
		"flow_column":       {"the table has no column %[1]q", "known are: %[2]v", "表里没有“%[1]v”这一列", "已有的是：%[2]v"},
		"flow_goto":         {"no step has the id %[1]q", "known are: %[2]v", "没有编号为“%[1]v”的步骤", "已有的是：%[2]v"},
		"flow_deep":         {"branches are nested more than %[1]v deep", "make a flow of the inner part", "分支嵌套超过 %[1]v 层", "请把里面的部分拆成单独的流程"},
		"flow_long":         {"the flow has more than %[1]v steps", "split it in two", "步骤超过 %[1]v 个", "请拆成两个流程"},
		"flow_id_twice":     {"the id %[1]q is used by another step", "give it another one", "步骤编号“%[1]v”重复了", "请换一个"},
		"flow_actions":      {"a step does exactly one thing, this one: %[1]v", "put each on a step of its own (a new -)", "一个步骤只做一件事，这里写了：%[1]v", "请每件事单独写一步（另起一个 -）"},
		"flow_no_slot":      {"there is no slot %[1]q", "known are: %[2]v", "slots 里没有“%[1]v”", "已有的是：%[2]v"},
		"flow_condition":    {"the condition %[1]q cannot be read: %[2]v", "write for example 订单.状态 == \"已签收\"", "条件“%[1]v”看不懂：%[2]v", "例如 订单.状态 == \"已签收\""},
		"flow_flow":         {"there is no flow %[1]q", "known are: %[2]v", "没有流程“%[1]v”", "已有的是：%[2]v"},
		"flow_spare":        {"%[1]q does not go with %[2]v", "take it out", "“%[1]v”不能和 %[2]v 一起用", "请删掉"},
		"flow_needs":        {"%[1]q is missing", "write it", "缺少“%[1]v”", "请补上"},
		"flow_choice":       {"%[1]q is not among the choices of %[2]q", "write one of its values", "“%[2]v”的选项里没有“%[1]v”", "请写选项里的 value"},
		"flow_table_or_url": {"a look-up needs either table or url", "write one of them", "查询要写 table 或 url", "请正好写一个"},
		"flow_table":        {"there is no table %[1]q", "known are: %[2]v", "没有表“%[1]v”", "已有的是：%[2]v"},
		"flow_url":          {"%[1]q is no address", "begin it with https://", "“%[1]v”不是网址", "请以 https:// 开头"},
		"flow_timeout":      {"the time-out %[1]v is out of range", "write up to 30s", "超时 %[1]v 超出范围", "最多写 30s"},
		"flow_retries":      {"%[1]v retries are out of range", "write 0 to 3", "重试 %[1]v 次超出范围", "请写 0 到 3"},
		"flow_secret":       {"the variable %[1]v is not set", "set it where the server runs; its name must begin with HOTLINE_SECRET_", "没有设置环境变量 %[1]v", "请在运行服务的地方设置，名字必须以 HOTLINE_SECRET_ 开头"},
		"row_flow":          {"there is no flow %[1]q", "known are: %[2]v", "没有流程“%[1]v”", "已有的是：%[2]v"},
		"table_long":        {"the table has more than %[1]v rows", "look it up by url from a system of its own", "表超过 %[1]v 行", "请放到自己的系统里，用 url 查询"},

		// conversations
		"script_empty": {"there is nothing to hold", "write at least one turn", "没有可执行的对话", "请至少写一轮"},
		"script_turn":  {"the turn does %[1]v things", "give it exactly one of say, keys, silence and unheard", "这一轮写了 %[1]v 种动作", "say、keys、silence、unheard 请正好写一种"},
		"script_pair":  {"it expects the question %[1]q, which does not exist", "write the id of a row in knowledge/", "期望的问题编号“%[1]v”不存在", "请写 knowledge/ 里已有的编号"},
		"script_act":   {"the act %[1]q does not exist", "known are: %[2]v", "没有“%[1]v”这个动作", "可以写：%[2]v"},
	}
}
