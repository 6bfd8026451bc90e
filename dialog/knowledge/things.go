package knowledge

import "strings"

// Things that people buy for a home, in the words of the languages; a business adds its
// own by Options.Goods. Left out is what is mostly something else: 手机 (whose number is
// asked for), light, watch, phone. Names of one thing are joined by strokes.

// chineseDevices are things of which each has answers of its own.
const chineseDevices = `
扫地机器人/扫地机/扫地机械人 洗地机/拖地机 吸尘器 空气净化器/净化器 加湿器 除湿机 电热水壶/电水壶/热水壶/烧水壶/水壶 养生壶 电饭煲/电饭锅/饭煲 高压锅/压力锅 电磁炉 电炖锅 炒锅 平底锅 不粘锅 空气炸锅 微波炉 烤箱 蒸箱 面包机 豆浆机 破壁机 榨汁机 料理机 绞肉机 咖啡机 打蛋器 饮水机 净水器
台灯/护眼灯/护眼台灯 吸顶灯 落地灯 小夜灯/夜灯 吹风机/电吹风 卷发棒 剃须刀/刮胡刀 电动牙刷 冲牙器 美容仪 按摩仪/按摩器 按摩椅 足浴盆/泡脚桶 体重秤/体脂秤 血压计/血压仪 体温计 筋膜枪 电热毯 暖手宝 取暖器 暖风机 电暖气/电暖器 电风扇/风扇 空调扇 挂烫机 熨斗 缝纫机
洗衣机 烘干机 冰箱 空调 热水器 油烟机/抽油烟机 燃气灶 洗碗机 消毒柜
耳机/蓝牙耳机 音箱/音响/智能音箱 手环 手表/智能手表 投影仪 打印机 电视机/电视 智能门锁/门锁 行车记录仪
`

// chineseThings are also named where another thing is spoken of: what it stands on, what
// belongs to it.
const chineseThings = `
平板电脑/平板 笔记本电脑 键盘 鼠标 充电宝 充电器 数据线 路由器 摄像头/监控 门铃 插座/插排 机顶盒 电子秤
被子/羽绒被/棉被/蚕丝被/夏凉被/被芯 枕头/乳胶枕/枕芯/枕套/枕头套 床单 被套 床垫 四件套/床品/床上用品 毛巾 浴巾 毯子/毛毯 凉席 窗帘 地毯 沙发 椅子 桌子/书桌 柜子 衣架 收纳箱/收纳盒 垃圾桶 拖把 扫把 保温杯/杯子/水杯 饭盒 碗 盘子 菜刀 刀具 砧板 雨伞 行李箱/拉杆箱 书包/背包 玩具 电钻 梯子
灯泡 滤水壶 冰柜
`

// chineseMeasures are the measure words that stand before them.
const chineseMeasures = "个台把盏口只件套款部张床条副双"

// The English ones have their words joined by underscores.

const englishDevices = `
robot_vacuum/robot_hoover/robot_cleaner/robot/vacuum_cleaner/vacuum/hoover air_purifier/purifier humidifier dehumidifier kettle/electric_kettle/water_kettle rice_cooker/cooker slow_cooker pressure_cooker multicooker air_fryer/fryer microwave oven toaster/toaster_oven blender mixer juicer food_processor coffee_machine/coffee_maker/espresso_machine bread_maker dishwasher fridge/freezer washing_machine/washer dryer/tumble_dryer/hair_dryer/hairdryer air_conditioner heater electric_blanket
lamp/desk_lamp/floor_lamp night_light hair_straightener/straightener curling_iron razor shaver trimmer toothbrush/electric_toothbrush massager foot_spa thermometer steamer sewing_machine
earbud/earphone/headphone/headset speaker/smart_speaker smartwatch fitness_band projector tv/television printer webcam doorbell
`

const englishThings = `
tablet laptop keyboard mouse charger power_bank router smart_lock smart_plug extension_lead monitor
pan/frying_pan/saucepan pot wok knife cutlery plate bowl mug flask/thermos lunchbox water_bottle chair table/desk sofa/couch shelf wardrobe suitcase backpack umbrella toy drill ladder
rug carpet blanket duvet pillow pillowcase sheet/bedding mattress towel curtain bulb/light_bulb mop water_filter scale/bathroom_scale fan iron grinder
`

var (
	englishDefinite   = set("the my this that our your his her their these those its")
	englishIndefinite = set("a an some another any one")
	// englishBefore are what stands before where something is.
	englishBefore = set("in into inside on onto under underneath behind beside near past against")
	// englishBeside are what stands between those and a thing.
	englishBeside = set("new old electric little big small smart broken faulty other second first whole damn lovely same")
)

func set(words string) map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		out[w] = true
	}
	return out
}
